"""Which offsets of one partition are done: requests finish in any order, offsets are committed without gaps."""

from __future__ import annotations

from collections import OrderedDict


class OffsetWindow:
    """The unfinished requests of one partition, oldest first."""

    def __init__(self) -> None:
        self._unfinished: OrderedDict[int, None] = OrderedDict()

    def __len__(self) -> int:
        """How many requests are unfinished."""
        return len(self._unfinished)

    def accept(self, offset: int) -> None:
        """A request was read; offsets must rise."""
        self._unfinished[offset] = None

    def finish(self, offset: int) -> None:
        """Nothing more will be done about the request at ``offset``."""
        self._unfinished.pop(offset, None)

    def committable(self, position: int) -> int:
        """The offset before which all is done; ``position`` is the next to be read."""
        return next(iter(self._unfinished), position)
