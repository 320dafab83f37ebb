"""A broker whose acknowledgements a test decides: at once, never, refused, or held back until it lets them go.

Reports come from a thread of their own, as those of the real producer do. For silence and timing that a real broker
will not give on demand; what a real one does is tested against a real one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, NoReturn

from shared.errors import BrokerUnavailable, FatalError
from shared.events.topics import recorded_partitions as topic_partitions
from shared.streaming.broker import FoundTopic
from shared.streaming.records import ProducerRecord

Manner = Literal["acknowledge", "silent", "refuse", "hold", "full", "fatal"]
Report = Callable[[Exception | None], None]


class ScriptedBroker:
    """Makes one producer, and is its script: set ``manner`` at any time."""

    def __init__(self, manner: Manner = "acknowledge", cluster: str = "scripted") -> None:
        self.manner: Manner = manner
        self.sent: list[ProducerRecord] = []
        self.held: list[Report] = []
        self._notice: Callable[[bool], None] = lambda is_lost: None
        self._cluster = cluster
        self._reports = ThreadPoolExecutor(1, "scripted-reports")

    def producer(self) -> ScriptedBroker:
        return self

    def send(self, record: ProducerRecord, on_delivery: Report) -> None:
        if self.manner == "full":
            raise BrokerUnavailable("the local queue is full")
        if self.manner == "fatal":
            raise FatalError("this producer can never send again")
        self.sent.append(record)
        if self.manner == "acknowledge":
            self._reports.submit(on_delivery, None)
        elif self.manner == "refuse":
            self._reports.submit(on_delivery, BrokerUnavailable("not acknowledged"))
        elif self.manner == "hold":
            self.held.append(on_delivery)

    def release(self, error: Exception | None = None) -> None:
        """Report for everything that was held back."""
        held, self.held = self.held, []
        for report in held:
            self._reports.submit(report, error)

    def watch_majority(self, notice: Callable[[bool], None]) -> None:
        self._notice = notice

    def watch_failure(self, notice: Callable[[FatalError], None]) -> None:
        """It never fails for good."""

    def lose_majority(self, is_lost: bool = True) -> None:
        """Say that most brokers are out of reach, or back."""
        self._reports.submit(self._notice, is_lost).result()

    def settle(self) -> None:
        """Wait until every report was given."""
        self._reports.submit(lambda: None).result()

    def flush(self, timeout_seconds: float) -> int:
        return 0

    def close(self) -> None:
        self._reports.shutdown()

    def cluster_id(self) -> str:
        return self._cluster

    def describe(self, topics: Sequence[str]) -> dict[str, FoundTopic]:
        return {topic: FoundTopic(topic_partitions(topic) or 1) for topic in topics}

    def recorded_partitions(self, topic: str) -> int | None:
        return topic_partitions(topic)

    def ping(self, timeout_seconds: float) -> None:
        if self.manner != "acknowledge":
            raise BrokerUnavailable("no answer")

    def consumer(self, group_id: str, instance_id: str | None) -> NoReturn:
        raise FatalError("a scripted log cannot be read")

    def _unused(self, *_arguments: object) -> NoReturn:
        raise NotImplementedError("intake has no use for this")

    transactional_producer = read_to_end = log_bounds = consumer_groups = partitions_of = partition_of = _unused
