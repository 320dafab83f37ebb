"""From where on the events of uncommitted requests can be found, so that a takeover need not read years of them.

The group commits two offsets per partition: that of the requests, and that of a place in ``notifications.events.v1``
before which nothing is said about a request not yet committed. If the second is ever lost, the events are read from
the start of the log: slower, and just as right.
"""

from __future__ import annotations

from collections import deque


class Bookmarks:
    """Pairs (request offset, events offset): events about requests from the first on lie at or after the second."""

    def __init__(self, committed: int, events_start: int, requests_end: int) -> None:
        """``committed``, ``events_start``: as committed; ``requests_end``: up to where others may have worked."""
        self._marks = deque([(committed, events_start)])
        self._others_until = requests_end

    def is_due(self, position: int) -> bool:
        """Whether a mark at ``position`` (the next request to be read) would be right, and new."""
        return position >= self._others_until and position > self._marks[-1][0]

    def add(self, position: int, events_end: int) -> None:
        """Note that the events ended at ``events_end`` when nothing from ``position`` on had been read."""
        if self.is_due(position):
            self._marks.append((position, events_end))

    def events_start(self, committed: int) -> int:
        """The events offset to commit with ``committed``."""
        while len(self._marks) > 1 and self._marks[1][0] <= committed:
            self._marks.popleft()
        return self._marks[0][1]
