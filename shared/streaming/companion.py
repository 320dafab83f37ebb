"""More work in a service's process, each in a thread of its own; if one of them fails, the process ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any, Protocol

from shared.errors import FatalError
from shared.observability.health import HealthChecks, Progress, always_well
from shared.observability.logging import get_logger
from shared.streaming.service import Service

_LOG = get_logger()


class Work(Protocol):
    """What a companion does, over and over."""

    def run_once(self) -> object:
        """One pass."""
        ...

    def close(self) -> None:
        """Finish what is in hand; the stop signal is set."""
        ...


class Companion:
    """Does ``Work`` until told to stop. ``failure`` is what ended it before that."""

    def __init__(self, name: str, begin: Callable[[], Work], stopping: threading.Event, stall_seconds: float) -> None:
        """``begin`` is called in the thread. ``stopping`` is set at the end, to cut the work's waits short."""
        self.failure: Exception | None = None
        self._name = name
        self._begin = begin
        self._stopping = stopping
        self._progress = Progress(stall_seconds)
        self._thread: threading.Thread | None = None

    def checks(self, ready: Callable[[], str | None] = always_well) -> HealthChecks:
        """Live: the work comes round. ``ready`` is the work's own check, if it has one."""
        return HealthChecks(live=self._progress.problem, ready=ready)

    def start(self, on_failure: Callable[[], None]) -> None:
        """Begin; ``on_failure`` is called from the thread when the work has failed."""
        self._thread = threading.Thread(target=self._run, args=(on_failure,), name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, on_failure: Callable[[], None]) -> None:
        failure: Exception | None = FatalError(f"{self._name} ended by what no handler catches")
        try:
            with closing(self._begin()) as work:
                self._repeat(work)
            failure = None
        except Exception as error:
            failure = error
            _LOG.error("companion_failed", error=error)
        finally:
            self.failure = failure
            if failure is not None:
                on_failure()

    def _repeat(self, work: Work) -> None:
        try:
            while not self._stopping.is_set():
                work.run_once()
                self._progress.mark()
        finally:
            self._stopping.set()  # before the work is closed


def run_beside(service: Service[Any], *companions: Companion) -> int:
    """Run ``service`` and its companions until SIGTERM or SIGINT: 0. When one of them fails: 1, or its own code."""
    for companion in companions:
        companion.start(on_failure=service.stop)
    try:
        code = service.run()
    except FatalError as error:
        _LOG.error("service_failed", error=error)
        code = error.exit_code
    finally:
        for companion in companions:
            companion.stop()
    failures = [companion.failure for companion in companions if companion.failure is not None]
    return _exit_code(failures[0]) if failures and not code else code


def _exit_code(failure: Exception) -> int:
    return failure.exit_code if isinstance(failure, FatalError) else 1
