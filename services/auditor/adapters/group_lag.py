"""How far behind every consumer group is, seen from outside: a reader that is dead tells nothing about itself.

Departments read their queues with clients of their own, which serve no metrics; here they are seen all the same. Names
and meaning are those of kafka_exporter, so dashboards made for it work (``docs/metrics.md``). Like there, markers of
transactions count as lag until the group has passed them; other than there, so does a partition the group has no offset
in yet, though it reads the topic: what lies there nobody has handled.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from shared.errors import BrokerUnavailable, FatalError
from shared.observability import metrics
from shared.observability.logging import get_logger
from shared.observability.outage import OUTAGE
from shared.streaming.broker import Broker, GroupStanding, LogBounds
from shared.streaming.records import TopicPartition

_LOG = get_logger()
_PART = "group-lag"
_KEPT_SECONDS = 60.0
"""The last values are served so long while nobody answers."""
Series = dict[tuple[str, ...], float]


class GroupSeries(NamedTuple):
    """Values by label values, one mapping per metric."""

    lag: Series
    committed: Series
    members: Series
    starts: Series
    ends: Series


NOTHING = GroupSeries({}, {}, {}, {}, {})


def series_of(groups: Mapping[str, GroupStanding], bounds: Mapping[TopicPartition, LogBounds]) -> GroupSeries:
    """``bounds``: of every partition of the topics the groups read, asked after the groups: no lag is negative."""
    series = GroupSeries({}, {}, {}, {}, {})
    for name, group in groups.items():
        series.members[name,] = group.members
        for partition in _read_by(group, bounds):
            labels = (name, *_labels(partition))
            start, end = bounds[partition]
            if (offset := group.committed.get(partition)) is not None:
                series.committed[labels] = offset
            series.lag[labels] = max(0, end - (start if offset is None else offset))
    series.starts.update({_labels(partition): start for partition, (start, _) in bounds.items()})
    series.ends.update({_labels(partition): end for partition, (_, end) in bounds.items()})
    return series


def _read_by(group: GroupStanding, partitions: Iterable[TopicPartition]) -> list[TopicPartition]:
    """All of a topic the group has an offset in: one without an offset has records nobody has handled yet."""
    topics = {partition.topic for partition in group.committed}
    return [partition for partition in partitions if partition.topic in topics]


def publish(series: GroupSeries) -> None:
    """Serve these and no others."""
    metrics.replace_series(metrics.CONSUMERGROUP_LAG, series.lag)
    metrics.replace_series(metrics.CONSUMERGROUP_CURRENT_OFFSET, series.committed)
    metrics.replace_series(metrics.CONSUMERGROUP_MEMBERS, series.members)
    metrics.replace_series(metrics.TOPIC_PARTITION_OLDEST_OFFSET, series.starts)
    metrics.replace_series(metrics.TOPIC_PARTITION_CURRENT_OFFSET, series.ends)


class GroupLag:
    """Asks every few seconds, in one auditor at a time: two would make every sum twice as large."""

    def __init__(
        self,
        broker: Broker,
        is_my_turn: Callable[[], bool],
        every_seconds: float,
        stopping: threading.Event,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``is_my_turn``: whether this process is the one that serves them."""
        self._broker = broker
        self._is_my_turn = is_my_turn
        self._every_seconds = every_seconds
        self._stopping = stopping
        self._monotonic = monotonic
        self._known_at = monotonic()

    def run_once(self) -> None:
        """Ask, publish and wait. Whoever watches others must not fall with them: not knowing is no failure.

        It leaves the last values for a while; then there are none, for an old one passes for a group that stands still.
        """
        try:
            publish(self._ask() if self._is_my_turn() else NOTHING)
            self._known_at = self._monotonic()
            OUTAGE.well(_PART)
        except (BrokerUnavailable, FatalError) as error:
            if isinstance(error, BrokerUnavailable):
                OUTAGE.failing(_PART, error)
            else:
                _LOG.warning("group_lag_unknown", error=error)
            if self._monotonic() - self._known_at > max(_KEPT_SECONDS, 2 * self._every_seconds):
                publish(NOTHING)
        self._stopping.wait(self._every_seconds)

    def close(self) -> None:
        """Serve nothing more, however the work ended."""
        publish(NOTHING)

    def _ask(self) -> GroupSeries:
        groups = self._broker.consumer_groups()
        topics = {partition.topic for group in groups.values() for partition in group.committed}
        partitions = self._broker.partitions_of(sorted(topics))
        return series_of(groups, self._broker.log_bounds(partitions) if partitions else {})


def _labels(partition: TopicPartition) -> tuple[str, str]:
    return partition.topic, str(partition.partition)
