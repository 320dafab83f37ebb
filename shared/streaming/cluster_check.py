"""Looks whether the cluster is as a service needs it, before any work, at every assignment, and while it runs.

Found wrong at the start, it is said once in the log, shown on ``/ready`` and asked again for a while: topics are often
made at the same time as services start. Then the process ends, with an exit code of its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from shared.errors import BrokerUnavailable, ClusterMismatch, ClusterNotReady, FatalError
from shared.observability import metrics
from shared.observability.logging import get_logger
from shared.streaming.broker import Broker, LogBounds
from shared.streaming.cluster_needs import (
    Problem,
    TopicNeed,
    expected_partitions,
    find_foreign_clocks,
    find_problems,
    find_state_elsewhere,
    find_surplus,
)
from shared.streaming.records import TopicPartition

_LOG = get_logger()
LOOK_AGAIN_SECONDS: Final = 1.0
WATCH_SECONDS: Final = 15.0
_MOST_IN_A_SENTENCE: Final = 5


class ClusterCheck:
    """One service's look at the cluster. ``require`` is for who works, ``watch`` for a thread of its own beside it."""

    def __init__(
        self,
        broker: Broker,
        service: str,
        needs: Sequence[TopicNeed],
        patience_seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``needs``: the first is the topic by whose number of partitions the others go where none is recorded."""
        self.problem: str | None = None
        self.partitions = 0
        """How many partition numbers there are to work on; 0: never looked."""
        self._broker = broker
        self._service = service
        self._needs = needs
        self._patience_seconds = patience_seconds
        self._monotonic = monotonic
        self._is_safe = False
        self._wrong_since: float | None = None
        self._looked_at = float("-inf")
        self._noting = threading.Lock()
        """Held while a finding is noted, never while the cluster is asked."""
        self._noted_asked_at = float("-inf")
        self._surplus_topics: set[str] = set()
        self._told: set[object] = set()

    def require(self) -> None:
        """Return when all is there. UnsafeCluster comes first: what the cluster loses matters more than what it lacks.

        ClusterNotReady: it is not, and may still come; ask again soon. ClusterMismatch: it did not. BrokerUnavailable:
        nobody answered, so nothing is known.
        """
        if not self._is_safe:
            self._broker.cluster_id()
            self._is_safe = True
        if self._wrong_since is None or self._monotonic() - self._looked_at >= LOOK_AGAIN_SECONDS:
            self._look()
        with self._noting:
            problem, since = self.problem, self._wrong_since
        if problem is None:
            return
        if since is not None and self._monotonic() - since < self._patience_seconds:
            raise ClusterNotReady(problem)
        raise ClusterMismatch(problem)

    def watch(self) -> None:
        """Call it often: looks every few seconds, and only tells. What is wrong shows where it is used.

        Nothing before the first ``require``, which looks itself.
        """
        if not self._is_safe or self._monotonic() - self._looked_at < WATCH_SECONDS:
            return
        try:
            self._look()
        except BrokerUnavailable as error:  # said by whoever works
            _LOG.debug("cluster_not_looked_at", error=error)
        except FatalError as error:
            with self._noting:
                is_news = self._is_news(str(error))
            if is_news:
                _LOG.error("cluster_not_as_needed", error=error)

    def _look(self) -> None:
        self._looked_at = asked_at = self._monotonic()
        found = self._broker.describe([need.topic for need in self._needs])
        expected = expected_partitions(self._needs, found, self._broker.recorded_partitions)
        surplus = self._bounds(find_surplus(self._needs, found, expected))
        wrong = find_problems(self._needs, found, expected) + find_state_elsewhere(self._needs, expected, surplus)
        with self._noting:
            if asked_at < self._noted_asked_at:
                return  # who asked later had the answer first
            self._noted_asked_at = asked_at
            self.partitions = expected[self._needs[0].topic]
            self._note(wrong, asked_at)
            self._tell_surplus(surplus)
            self._tell_clocks(find_foreign_clocks(self._needs, found))

    def _bounds(self, surplus: Sequence[TopicPartition]) -> Mapping[TopicPartition, LogBounds]:
        return self._broker.log_bounds(surplus) if surplus else {}

    def _note(self, wrong: Sequence[Problem], asked_at: float) -> None:
        metrics.CLUSTER_PROBLEMS.labels(self._service).set(len(wrong))
        self.problem = _in_one_sentence(wrong) if wrong else None
        if not wrong:
            self._wrong_since = None
        elif self._wrong_since is None:
            self._wrong_since = asked_at
        for problem in wrong:
            if self._is_news(problem):
                _LOG.error("cluster_not_as_needed", topic=problem.topic, error=str(problem))
        self._told = {told for told in self._told if not isinstance(told, Problem) or told in wrong}

    def _tell_surplus(self, surplus: Mapping[TopicPartition, LogBounds]) -> None:
        topics = {place.topic for place in surplus}
        for topic in self._surplus_topics - topics:  # made anew since
            metrics.SURPLUS_PARTITIONS.labels(topic).set(0)
            metrics.SURPLUS_PARTITION_RECORDS.labels(topic).set(0)
        self._surplus_topics = topics
        for topic in topics:
            held = [bounds.end - bounds.start for place, bounds in surplus.items() if place.topic == topic]
            metrics.SURPLUS_PARTITIONS.labels(topic).set(len(held))
            metrics.SURPLUS_PARTITION_RECORDS.labels(topic).set(sum(held))
        for place, (start, end) in surplus.items():
            if self._is_news((place, start < end)):
                _say_surplus(place, start, end, self.partitions)

    def _tell_clocks(self, foreign: Sequence[Problem]) -> None:
        for topic in {need.topic for need in self._needs if need.reads}:
            if any(problem.topic == topic for problem in foreign) or ("clock", topic) in self._told:
                metrics.STAMPED_BY_WRITERS.labels(topic).set(any(problem.topic == topic for problem in foreign))
        for problem in foreign:
            if self._is_news(("clock", problem.topic)):
                _LOG.warning("stamped_by_its_writers", topic=problem.topic, error=str(problem))

    def _is_news(self, fact: object) -> bool:
        is_new = fact not in self._told
        self._told.add(fact)
        return is_new


def _say_surplus(place: TopicPartition, start: int, end: int, partitions: int) -> None:
    where = {"topic": place.topic, "partition": place.partition, "limit": partitions}
    if start == end:
        _LOG.warning("surplus_partition", **where, reason="the bus does not use it; it is empty, and harmless")
        return
    _LOG.error(
        "surplus_partition_holds_records",
        **where,
        offset=start,
        records=end - start,
        reason="nobody reads them: their writer counts partitions itself, or is of another version",
    )


def _in_one_sentence(wrong: Sequence[Problem]) -> str:
    named = "; and ".join(str(problem) for problem in wrong[:_MOST_IN_A_SENTENCE])
    more = len(wrong) - _MOST_IN_A_SENTENCE
    return named if more <= 0 else f"{named}; and {more} topics more, each with a line in the log"
