"""Threads that ended by an error nobody caught: whatever they did, it is not done any more, and the process hides it.

Python prints a traceback and goes on. Here the process says that it is not live, so that it is restarted, and the
place is logged without the message, which may hold anything.
"""

from __future__ import annotations

import threading

from shared.observability.exceptions import exception_fields, places_of
from shared.observability.logging import get_logger

_LOG = get_logger()


class ThreadWatch:
    """Notices every thread of this process that dies from ``start`` to ``stop``."""

    def __init__(self) -> None:
        self._died: list[str] = []
        self._before = threading.excepthook

    def start(self) -> None:
        """Be told from now on, instead of the hook that was there."""
        self._before, threading.excepthook = threading.excepthook, self._on_death

    def stop(self) -> None:
        """Give the place back."""
        if threading.excepthook == self._on_death:
            threading.excepthook = self._before

    def problem(self) -> str | None:
        """Which threads died; the liveness check that goes with it."""
        return f"a thread died, its work is not done any more: {', '.join(self._died)}" if self._died else None

    def _on_death(self, death: threading.ExceptHookArgs) -> None:
        self._died.append(_name(death))
        log_death(death)


def log_death(death: threading.ExceptHookArgs) -> None:
    """A ``threading.excepthook``: one line with classes and places, and the message where it is our own.

    Also of what is no exception at all: a KafkaError can be raised, and no ``except`` with a name catches it.
    """
    if isinstance(death.exc_value, BaseException):
        fields = exception_fields(death.exc_value)
    else:
        places = places_of(death.exc_traceback)
        fields = {"error_class": death.exc_type.__name__, "error_at": places[-1] if places else "unknown"}
    _LOG.critical("thread_died", thread=_name(death), **fields)


def _name(death: threading.ExceptHookArgs) -> str:
    return "unknown" if death.thread is None else death.thread.name
