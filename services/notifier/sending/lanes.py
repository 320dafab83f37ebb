"""All lanes of the sender: every medium has its own, so that none waits for the provider of another."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from services.notifier.sending.lane import Lane
from shared.events.notifications import NotificationRequested


class Lanes:
    """At least one medium, and at least one lane of each."""

    def __init__(self, by_medium: Mapping[str, Sequence[Lane]]) -> None:
        """``by_medium``: by the name of the medium, as in requests."""
        self._by_medium = by_medium

    def __iter__(self) -> Iterator[Lane]:
        return chain.from_iterable(self._by_medium.values())

    def lane_of(self, request: NotificationRequested) -> Lane:
        """Always the same for a complaint and a medium, so that its messages stay in order.

        A medium there is no sender for gets the first one's lanes, where that is found out and put on record.
        """
        lanes = self._by_medium.get(request.medium) or next(iter(self._by_medium.values()))
        return lanes[zlib.crc32(request.complaint_id.encode()) % len(lanes)]
