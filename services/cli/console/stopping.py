"""Ctrl-C and SIGTERM, in two phases: while things start, stop at once; while they run, finish politely first.

A signal raises ``StopAsked`` in the main thread, so that ``with`` blocks unwind and stop what they started. Inside
``politely`` the first signal only sets a flag; a second one raises. Once unwinding has begun, signals are ignored, so
that an impatient third one leaves nothing behind.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopAsked(BaseException):
    """A signal asked this process to stop; not an Exception, so that no handler of errors swallows it."""


class StopSignals:
    """Handles the stop signals between ``__enter__`` and ``__exit__``."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self._polite = False
        self._previous: dict[signal.Signals, object] = {}

    def __enter__(self) -> StopSignals:
        self._previous = {number: signal.signal(number, self._handle) for number in STOP_SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, previous in self._previous.items():
            signal.signal(number, previous)  # type: ignore[arg-type]

    @contextmanager
    def politely(self) -> Iterator[threading.Event]:
        """Within: the first signal sets the event that is handed out. An inner block has an event of its own."""
        outer = self.asked, self._polite
        self.asked, self._polite = threading.Event(), True
        try:
            yield self.asked
        finally:
            self.asked, self._polite = outer

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._polite and not self.asked.is_set():
            self.asked.set()
            return
        for each in STOP_SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise StopAsked
