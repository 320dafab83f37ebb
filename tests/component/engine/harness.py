"""A tiny processor and everything needed to run it: it counts urges and closes a case an hour after the last one."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shared.clock import ManualClock
from shared.errors import TransactionDoubt
from shared.events import topics
from shared.events.base import Contract, UtcDatetime
from shared.events.complaint import Narrative
from shared.events.ids import complaint_id, event_id
from shared.events.lifecycle import ComplaintClosed, UrgeRegistered
from shared.events.received import ComplaintSupplemented, ComplaintUrged, ComplaintWithdrawn, ConsumerMessage
from shared.events.registry import decode, encode
from shared.processing import Emit, Message, Refusal, Standing, Step
from shared.settings import KafkaSettings
from shared.streaming.broker import Broker, GroupMetadata, Offsets
from shared.streaming.engine_settings import EngineSettings, ProcessorSettings
from shared.streaming.loop import ProcessorLoop
from shared.streaming.memory import MemoryBroker
from shared.streaming.memory.consumer import MemoryConsumer
from shared.streaming.memory.producer import MemoryTransactionalProducer
from shared.streaming.records import ProducerRecord

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CASE = complaint_id("web", "the one case of these tests")
CASE_BESIDE = next(
    case
    for case in (complaint_id("web", f"another case {number}") for number in range(100))
    if zlib.crc32(case.encode()) % 2 == zlib.crc32(CASE.encode()) % 2
)
"""Another case in the same partition of the broker in memory."""
TOPICS = {
    topics.RECEIVED: 2,
    topics.LIFECYCLE: 2,
    topics.state_topic("counter"): 2,
    topics.dead_letter_topic("counter"): 2,
}


class Count(Contract):
    """State of the tiny processor."""

    complaint_id: str = CASE
    urges: int = 0
    persons: tuple[str, ...] = ()
    close_at: UtcDatetime | None = None


class Counter:
    """Counts urges; an hour after the last one it closes the case; a withdrawal stops that."""

    state_model = Count
    input_topics: tuple[str, ...] = (topics.RECEIVED,)
    output_topics: tuple[str, ...] = (topics.LIFECYCLE,)

    def __init__(
        self,
        during_reduce: Callable[[], None] = lambda: None,
        name: str = "counter",
        during_fire: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self._during_reduce = during_reduce
        self._during_fire = during_fire

    def dead_letter_topic(self, input_topic: str) -> str:
        return topics.dead_letter_topic(self.name)

    def reduce(self, state: Count | None, message: Message, now: datetime) -> Step[Count]:
        self._during_reduce()
        state = state or Count()
        event = message.event
        if isinstance(event, ComplaintWithdrawn):
            return Step(state.model_copy(update={"close_at": None}))
        if isinstance(event, ComplaintSupplemented):
            return Step(state.model_copy(update={"persons": (*state.persons, *event.narrative.persons_involved)}))
        if not isinstance(event, ComplaintUrged):
            return Step(state, refusal=Refusal("not_an_urge", "this processor counts urges"))
        urges = state.urges + 1
        registered = UrgeRegistered(
            complaint_id=event.complaint_id,
            ticket_number="t",
            cycle=1,
            sequence=urges,
            happened_at=event.received_at,
            urge_count=urges,
        )
        emit = Emit(topics.LIFECYCLE, registered, event_id(message.envelope.id, registered.event_type))
        close_at = event.received_at + timedelta(hours=1)
        changes = {"complaint_id": event.complaint_id, "urges": urges, "close_at": close_at}
        return Step(state.model_copy(update=changes), [emit])

    def due_at(self, state: Count) -> datetime | None:
        return state.close_at

    def standing(self, state: Count) -> Standing | None:
        return None if state.close_at is None else Standing(("open", f"{state.urges}"), state.close_at)

    def fire(self, state: Count, now: datetime) -> Step[Count]:
        self._during_reduce()
        self._during_fire()
        assert state.close_at is not None
        assert state.close_at <= now
        case = state.complaint_id
        closed = ComplaintClosed(
            complaint_id=case, ticket_number="t", cycle=1, sequence=state.urges + 1, happened_at=state.close_at
        )
        emit = Emit(topics.LIFECYCLE, closed, event_id(case, closed.event_type, state.close_at.isoformat()))
        return Step(state.model_copy(update={"close_at": None}), [emit])


@dataclass
class Faults:
    """Called at the steps of a transaction; a test makes them raise, or lets another process act in between."""

    during_reduce: Callable[[], None] = lambda: None
    during_fire: Callable[[], None] = lambda: None
    before_initialise: Callable[[], None] = lambda: None
    before_flush: Callable[[], None] = lambda: None
    before_offsets: Callable[[], None] = lambda: None
    before_commit: Callable[[], None] = lambda: None
    after_commit: Callable[[], None] = lambda: None


class FaultyProducer(MemoryTransactionalProducer):
    """A memory producer with faults at its steps; of a record larger than Kafka takes, it does what librdkafka does."""

    def __init__(self, broker: MemoryBroker, transactional_id: str, faults: Faults) -> None:
        super().__init__(broker, transactional_id)
        self._faults = faults

    def produce(self, record: ProducerRecord) -> None:
        parts = (record.key, record.value, *(value for _, value in record.headers))
        if sum(len(part) for part in parts if part is not None) > topics.LARGEST_DEAD_LETTER_BYTES:
            raise TransactionDoubt(f"produce to {record.topic}: MSG_SIZE_TOO_LARGE")
        super().produce(record)

    def initialise(self) -> None:
        self._faults.before_initialise()
        super().initialise()

    def flush(self) -> Offsets:
        self._faults.before_flush()
        return super().flush()

    def send_offsets(self, offsets: Offsets, group: GroupMetadata) -> None:
        self._faults.before_offsets()
        super().send_offsets(offsets, group)

    def commit(self) -> None:
        self._faults.before_commit()
        super().commit()
        self._faults.after_commit()


class FaultyBroker:
    """One process's view of a memory cluster: same cluster, own faults, calls recorded in order."""

    def __init__(self, cluster: MemoryBroker, faults: Faults) -> None:
        self._cluster = cluster
        self._faults = faults
        self.consumers: list[MemoryConsumer] = []
        self.producers_made = 0

    def transactional_producer(self, transactional_id: str) -> FaultyProducer:
        self.producers_made += 1
        return FaultyProducer(self._cluster, transactional_id, self._faults)

    def consumer(self, group_id: str, instance_id: str | None) -> MemoryConsumer:
        consumer = self._cluster.consumer(group_id, instance_id)
        self.consumers.append(consumer)
        return consumer

    def __getattr__(self, name: str) -> object:
        return getattr(self._cluster, name)


@dataclass
class Process:
    """One process of the service: its loop, its disk, its clock."""

    cluster: MemoryBroker
    state_dir: Path
    clock: ManualClock = field(default_factory=lambda: ManualClock(START))
    instance: str = "0"
    faults: Faults = field(default_factory=Faults)
    max_records: int = 1000
    also: tuple[str, ...] = ()
    """Input topics beside the usual one."""
    max_timers: int = 2000
    pass_seconds: float = 10.0
    too_long_seconds: float = 30.0

    def __post_init__(self) -> None:
        self.broker = FaultyBroker(self.cluster, self.faults)
        settings = ProcessorSettings(
            instance_id=self.instance,
            state_dir=self.state_dir,
            engine=EngineSettings(
                poll_seconds=0.001,
                timer_grace=timedelta(seconds=1),
                max_records=self.max_records,
                max_timers=self.max_timers,
                pass_seconds=self.pass_seconds,
                too_long_share=self.too_long_seconds / KafkaSettings().poll_interval_seconds,
            ),
        )
        processor = Counter(
            during_reduce=lambda: self.faults.during_reduce(), during_fire=lambda: self.faults.during_fire()
        )
        processor.input_topics += self.also
        self.loop = ProcessorLoop(processor, self.broker, self.clock, settings)  # type: ignore[arg-type]

    def run(self, passes: int = 6) -> None:
        """A few passes; enough to recover, read what is there and fire what is due."""
        for _ in range(passes):
            self.loop.run_once()


def urge(cluster: Broker, number: int, at: datetime = START, traceparent: str | None = None, case: str = CASE) -> None:
    """Write one urge of ``case``."""
    _write(cluster, ComplaintUrged(complaint_id=case, received_at=at), f"urge-{number}", at, traceparent)


def withdraw(cluster: Broker, at: datetime) -> None:
    """Write a withdrawal of the case."""
    _write(cluster, ComplaintWithdrawn(complaint_id=CASE, received_at=at), "withdrawal", at)


def supplement(cluster: Broker, number: int, person: str) -> None:
    """Write that one more person is involved in the case."""
    narrative = Narrative(text="more", persons_involved=(person,))
    event = ComplaintSupplemented(complaint_id=CASE, received_at=START, narrative=narrative)
    _write(cluster, event, f"supplement-{number}", START)


def _write(
    cluster: Broker, event: ConsumerMessage, identifier: str, at: datetime, traceparent: str | None = None
) -> None:
    case = event.complaint_id
    value, headers = encode(event, event_id=identifier, source="/test", subject=case, time=at, traceparent=traceparent)
    write_raw(cluster, value, headers, case)


def write_raw(cluster: Broker, value: bytes | None, headers: list[tuple[str, bytes]], case: str = CASE) -> None:
    """Write any bytes under the case's key."""
    reports: list[Exception | None] = []
    producer = cluster.producer()
    producer.send(ProducerRecord(topics.RECEIVED, case.encode(), value, headers), reports.append)
    producer.flush(5)
    assert reports == [None]


def log_of(cluster: MemoryBroker, *, committed_only: bool = True) -> list[tuple[str, str]]:
    """The case log as ``(event type, ce_id)``."""
    decoded = [decode(r.headers, r.value) for r in cluster.records(topics.LIFECYCLE, committed_only=committed_only)]
    return [(envelope.type, envelope.id) for envelope, _ in decoded]


def urges_seen(cluster: MemoryBroker) -> list[int]:
    """``urge_count`` of every registered urge, in order."""
    decoded = [decode(r.headers, r.value)[1] for r in cluster.records(topics.LIFECYCLE)]
    return [event.urge_count for event in decoded if isinstance(event, UrgeRegistered)]


def closings(cluster: MemoryBroker) -> int:
    """How often the case was closed."""
    return sum(kind == ComplaintClosed.event_type for kind, _ in log_of(cluster))
