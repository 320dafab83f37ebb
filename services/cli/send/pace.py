"""Hands out the rows of a file one at a time, each when its turn at the chosen rate has come."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from services.cli.send.row import Row


class PacedRows:
    """The rows of one file for several workers. A row counts as taken only once its turn has come.

    Make it in the event loop that takes from it: the first turn is at once, the others follow at ``rate`` per second.
    """

    def __init__(self, rows: Iterator[Row], rate: float | None, stop: asyncio.Event) -> None:
        """``rate``: rows a second, None for as fast as they are taken. ``stop`` ends waiting and taking."""
        self._rows = rows
        self._ahead = next(rows, None)
        self._rate = rate
        self._stop = stop
        self._turn = asyncio.Lock()
        self._taken = 0
        self._started_at = asyncio.get_running_loop().time()

    @property
    def has_more(self) -> bool:
        """Whether a row is left that nobody took."""
        return self._ahead is not None

    async def take(self) -> Row | None:
        """The next row when its turn comes; None when all are taken, or when told to stop."""
        async with self._turn:
            if self._ahead is None or not await self._turn_comes():
                return None
            row, self._ahead = self._ahead, next(self._rows, None)
            self._taken += 1
            return row

    async def _turn_comes(self) -> bool:
        if self._rate is None or self._stop.is_set():
            return not self._stop.is_set()
        try:
            async with asyncio.timeout_at(self._started_at + self._taken / self._rate):
                await self._stop.wait()
        except TimeoutError:
            return True
        return False
