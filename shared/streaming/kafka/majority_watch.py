"""Notices that most brokers are out of a client's reach, long before a record waits for its acknowledgement in vain.

A topic of three replicas of which two must be in sync takes nothing in while two of three brokers are down, but the
client only learns that from silence. Its statistics tell which connections are up, if it keeps one to every broker.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

CONNECTED: Final = frozenset({"UP", "UPDATE", "INIT"})
"""States of librdkafka's connections: in INIT it has not been tried yet."""

_INTERVAL_MS: Final = 250
_IN_A_ROW: Final = 2  # a connection the broker closed for idleness is down for a moment as well
_SMALLER_AFTER: Final = 60_000 // _INTERVAL_MS
"""So many readings in a row, a minute, every broker that is named must be connected before the others count as gone.

Brokers that were taken away for good and brokers that died look the same at first: neither is named any more.
"""


class MajorityWatch:
    """Tells ``notice`` True when most brokers have been lost, and False when they are back."""

    CONFIG: Final = {
        "statistics.interval.ms": _INTERVAL_MS,
        "enable.sparse.connections": False,
        "topic.metadata.refresh.interval.ms": 10_000,
    }
    """What the client needs so that ``read`` is called, and knows of brokers it has no business with right now.

    Those too that were down when it started: by default it asks who there is every five minutes.
    """

    def __init__(self) -> None:
        self.notice: Callable[[bool], None] = lambda is_lost: None
        self._lost_in_a_row = 0
        self._most = 0
        """Brokers known at a time, at most: one that has been away for long is not named any more."""
        self._complete_in_a_row = 0

    def read(self, statistics: str) -> None:
        """Called by confluent-kafka with librdkafka's statistics, a JSON document, from within ``poll``."""
        before, (known, connected) = self._is_lost, count_brokers(statistics)
        self._most = max(self._most, known)
        self._note_smaller_cluster(known, connected)
        self._lost_in_a_row = self._lost_in_a_row + 1 if 2 * connected < self._most else 0
        if self._is_lost is not before:
            self.notice(self._is_lost)

    def _note_smaller_cluster(self, known: int, connected: int) -> None:
        is_complete = 0 < known == connected
        self._complete_in_a_row = self._complete_in_a_row + 1 if is_complete else 0
        if self._complete_in_a_row >= _SMALLER_AFTER:
            self._most = known

    @property
    def _is_lost(self) -> bool:
        return self._lost_in_a_row >= _IN_A_ROW


def count_brokers(statistics: str) -> tuple[int, int]:
    """How many brokers ``statistics`` name, and to how many of them there is a connection."""
    brokers = json.loads(statistics)["brokers"].values()
    states = [broker["state"] for broker in brokers if broker["nodeid"] >= 0]  # the others are bootstrap addresses
    return len(states), sum(state in CONNECTED for state in states)
