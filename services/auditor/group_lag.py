"""How far behind every consumer group is, seen from outside: a reader that is dead tells nothing about itself.

Departments read their queues with clients of their own, which serve no metrics; here they are seen all the same. Names
and meaning are those of kafka_exporter, so dashboards made for it work (``docs/metrics.md``). Like there, records that
are never handed over, such as transaction markers, count as lag until the group has passed them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import NamedTuple

from shared.errors import BrokerUnavailable, FatalError
from shared.observability import metrics
from shared.observability.logging import get_logger
from shared.streaming.broker import Broker, GroupStanding, LogBounds
from shared.streaming.records import TopicPartition

_LOG = get_logger()
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
    """``bounds``: of every partition a group has committed, asked after the groups, so that no lag is negative."""
    series = GroupSeries({}, {}, {}, {}, {})
    for name, group in groups.items():
        series.members[name,] = group.members
        for partition, offset in group.committed.items():
            labels = (name, *_labels(partition))
            series.committed[labels] = offset
            series.lag[labels] = max(0, bounds[partition].end - offset)
    series.starts.update({_labels(partition): start for partition, (start, _) in bounds.items()})
    series.ends.update({_labels(partition): end for partition, (_, end) in bounds.items()})
    return series


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
        self, broker: Broker, is_my_turn: Callable[[], bool], every_seconds: float, stopping: threading.Event
    ) -> None:
        """``is_my_turn``: whether this process is the one that serves them."""
        self._broker = broker
        self._is_my_turn = is_my_turn
        self._every_seconds = every_seconds
        self._stopping = stopping

    def run_once(self) -> None:
        """Ask, publish and wait. Not knowing leaves the last values: whoever watches others must not fall with them."""
        try:
            publish(self._ask() if self._is_my_turn() else NOTHING)
        except (BrokerUnavailable, FatalError) as error:
            _LOG.warning("group_lag_unknown", error=error)
        self._stopping.wait(self._every_seconds)

    def close(self) -> None:
        """Nothing to let go of."""

    def _ask(self) -> GroupSeries:
        groups = self._broker.consumer_groups()
        partitions = {partition for group in groups.values() for partition in group.committed}
        return series_of(groups, self._broker.log_bounds(sorted(partitions)) if partitions else {})


def _labels(partition: TopicPartition) -> tuple[str, str]:
    return partition.topic, str(partition.partition)
