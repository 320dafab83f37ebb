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


class MajorityWatch:
    """Tells ``notice`` True when most brokers have been lost, and False when they are back."""

    CONFIG: Final = {"statistics.interval.ms": _INTERVAL_MS, "enable.sparse.connections": False}
    """What the client needs so that ``read`` is called, and knows of brokers it has no business with right now."""

    def __init__(self) -> None:
        self.notice: Callable[[bool], None] = lambda is_lost: None
        self._lost_in_a_row = 0

    def read(self, statistics: str) -> None:
        """Called by confluent-kafka with librdkafka's statistics, a JSON document, from within ``poll``."""
        before = self._is_lost
        self._lost_in_a_row = self._lost_in_a_row + 1 if lost_majority(statistics) else 0
        if self._is_lost is not before:
            self.notice(self._is_lost)

    @property
    def _is_lost(self) -> bool:
        return self._lost_in_a_row >= _IN_A_ROW


def lost_majority(statistics: str) -> bool:
    """Whether more than half of the brokers in ``statistics`` are not connected; none known: False."""
    brokers = json.loads(statistics)["brokers"].values()
    members = [broker["state"] for broker in brokers if broker["nodeid"] >= 0]  # the others are bootstrap addresses
    lost = sum(state not in CONNECTED for state in members)
    return 2 * lost > len(members)
