"""Doubts that repeat: how long to wait before the same records are tried once more, and what to tell meanwhile.

One doubt is nothing, and its repair is at once. When transactions from the same committed offsets fail again and again,
something is wrong with these records or with the cluster, and trying faster helps neither.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from shared.backoff import wait_after
from shared.streaming.broker import Offsets

_AT_ONCE: Final = 2
"""So many failures in a row are followed by another try at once."""
_FIRST_WAIT_SECONDS: Final = 0.25
_LONGEST_WAIT_SECONDS: Final = 5.0


class Doubts:
    """Counts failed transactions since offsets were committed last. Used by the loop's thread; read by any."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._committed: Offsets = {}
        self._in_a_row = 0
        self._is_trying = False
        self._cause: Exception | None = None
        self._next_try_at = 0.0

    def trying(self) -> None:
        """A transaction begins."""
        self._is_trying = True

    def over(self) -> None:
        """It was committed."""
        self._is_trying = False
        self._in_a_row = 0
        self._cause = None

    def add(self, cause: Exception) -> None:
        """Something failed; only transactions count, since a broker that is away is waited for anyway."""
        self._cause = cause
        if not self._is_trying:
            return
        self._is_trying = False
        self._in_a_row += 1
        late = self._in_a_row - _AT_ONCE
        if late > 0:
            self._next_try_at = self._monotonic() + wait_after(late, _FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS)

    def rewound(self, committed: Offsets) -> None:
        """Reading goes on from these; where they moved, the last transaction succeeded, though in doubt."""
        if committed != self._committed:
            self._committed = dict(committed)
            self._in_a_row = 0

    @property
    def is_waiting(self) -> bool:
        """True while it is too early for another try."""
        return self._in_a_row > _AT_ONCE and self._monotonic() < self._next_try_at

    @property
    def cause(self) -> Exception | None:
        """The last failure since the last commit."""
        return self._cause

    @property
    def problem(self) -> str | None:
        """What to tell people, once it is more than an accident."""
        if self._in_a_row <= _AT_ONCE:
            return None
        return f"the same records failed {self._in_a_row} times in a row, last because of: {self._cause}"
