"""The sender in a thread of its own, beside the composer; a sender that fails ends the process."""

from __future__ import annotations

import threading
from collections.abc import Callable

from services.notifier.sending.sender import Sender
from shared.observability.health import HealthChecks, Progress
from shared.observability.logging import get_logger

_LOG = get_logger()


class SenderRunner:
    """Runs a sender until told to stop. ``failure`` is what ended it before that."""

    def __init__(self, sender: Sender, stopping: threading.Event, stall_seconds: float) -> None:
        self.failure: Exception | None = None
        self._sender = sender
        self._stopping = stopping
        self._progress = Progress(stall_seconds)
        self._thread: threading.Thread | None = None

    @property
    def checks(self) -> HealthChecks:
        """Live: the sender comes round. Ready: it owns partitions and its lanes reach the relay."""
        return HealthChecks(live=self._progress.problem, ready=self._not_ready)

    def start(self, on_failure: Callable[[], None]) -> None:
        """Begin; ``on_failure`` is called from the thread when the sender has failed."""
        self._thread = threading.Thread(target=self._run, args=(on_failure,), name="sender", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, on_failure: Callable[[], None]) -> None:
        try:
            self._sender.start()
            while not self._stopping.is_set():
                self._sender.run_once()
                self._progress.mark()
        except Exception as error:
            self.failure = error
            _LOG.error("sender_failed", error=error)
            on_failure()
        finally:
            self._stopping.set()
            self._sender.close()

    def _not_ready(self) -> str | None:
        return None if self._sender.is_ready else "the sender owns no partitions, or the mail relay cannot be reached"
