"""Showing the demo while it runs: a live table on a terminal, a line every five seconds elsewhere. All on stderr."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

from rich.console import Console
from rich.live import Live

from services.cli.console.output import say
from services.cli.demo.figures import DemoFigures, one_line
from services.cli.demo.table import Progress, demo_table, what_to_try

Result = TypeVar("Result")

TABLE_EVERY_SECONDS = 0.5
LINE_EVERY_SECONDS = 5.0


class CutShort(Exception):
    """A signal came while something was waited for."""


class DemoScreen:
    """Draws what ``observe`` says while its ``with`` block runs; the last table stays on the screen."""

    def __init__(self, observe: Callable[[], DemoFigures], *, intake_url: str, speed: float) -> None:
        self._observe = observe
        self._intake_url = intake_url
        self._speed = speed
        self._progress: Progress | None = None
        console = Console(stderr=True)
        self._live = Live(console=console, auto_refresh=False, transient=False) if console.is_terminal else None
        self._line_due_at = 0.0

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        else:
            say(what_to_try(self._intake_url, None))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def feeding(self, done: threading.Event, seconds: float | None) -> None:
        """Draw until ``done`` is set or ``seconds`` have passed. What ``observe`` raises ends it."""
        deadline = None if seconds is None else time.monotonic() + seconds
        self._line_due_at = time.monotonic() + LINE_EVERY_SECONDS
        while _wait(done, deadline, TABLE_EVERY_SECONDS):
            self._draw()

    def during(self, progress: Progress, work: Callable[[], Result], hurry: threading.Event) -> Result:
        """Do ``work`` with its ``progress`` on the screen; its result. Raises CutShort as soon as ``hurry`` is set.

        The work goes on in a thread then, which ends with this process at the latest.
        """
        self._progress = progress
        if self._live is None:
            say(progress.text)
        task = _Task(work)
        while not task.ended.wait(TABLE_EVERY_SECONDS / 5):
            if hurry.is_set():
                raise CutShort
            self._draw()
        return task.result()

    def last(self, figures: DemoFigures) -> None:
        """The figures that stay on the screen."""
        if self._live is not None:
            self._live.update(demo_table(figures, None, self._speed), refresh=True)

    def _draw(self) -> None:
        if self._live is not None:
            url = None if self._progress else self._intake_url
            self._live.update(demo_table(self._observe(), url, self._speed, self._progress), refresh=True)
        elif time.monotonic() >= self._line_due_at:
            self._line_due_at = time.monotonic() + LINE_EVERY_SECONDS
            say(one_line(self._observe()))


class _Task(Generic[Result]):
    """Work in a thread of its own. What it raises is raised where its result is asked for."""

    def __init__(self, work: Callable[[], Result]) -> None:
        self._work = work
        self._result: list[Result] = []
        self._failure: BaseException | None = None
        self.ended = threading.Event()
        threading.Thread(target=self._run, name="demo-settling", daemon=True).start()

    def _run(self) -> None:
        try:
            self._result.append(self._work())
        except BaseException as failure:  # kept, to be raised where somebody can act on it
            self._failure = failure
        finally:
            self.ended.set()

    def result(self) -> Result:
        """After ``ended``."""
        if self._failure is not None:
            raise self._failure
        return self._result[0]


def _wait(done: threading.Event, deadline: float | None, pause: float) -> bool:
    """Wait one pause; False when it is over."""
    remaining = pause if deadline is None else min(pause, deadline - time.monotonic())
    return remaining > 0 and not done.wait(remaining)
