"""The effects of one process on the world, and what comes between two of them."""

from __future__ import annotations

from collections.abc import Callable

Interruption = Callable[[str], None]
"""Called with the name of the effect that comes next; may raise, or let others act first."""


EFFECTS = (
    *("initialise", "committed", "restore", "poll", "reduce", "end offsets"),
    *("begin", "produce", "flush", "offsets", "commit", "answer to commit", "write"),
)
"""All there are, by name."""


class Killed(BaseException):
    """The process ended here, as by SIGKILL: nothing of it runs any more, nothing is tidied up."""


class Effects:
    """Told before every effect of one process; at the chosen one it lets the interruption happen."""

    def __init__(self) -> None:
        self._remaining = 0
        self._interruption: Interruption | None = None
        self._only: str | None = None

    def interrupt(self, nth: int, interruption: Interruption, only: str | None = None) -> None:
        """Let ``interruption`` happen once, before the ``nth`` effect from now (``only`` of this name), from 1."""
        self._remaining, self._interruption, self._only = nth, interruption, only

    def disarm(self) -> None:
        """Nothing comes between any more."""
        self._interruption = None

    def about_to(self, effect: str) -> None:
        """``effect`` is next."""
        if self._interruption is None or self._only not in (None, effect):
            return
        self._remaining -= 1
        if self._remaining > 0:
            return
        interruption, self._interruption = self._interruption, None
        interruption(effect)
