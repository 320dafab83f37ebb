"""The loop every processor runs in: poll, reduce, fire timers, write one transaction, keep the state.

Single-threaded; scale by processes. The order of things is the point:

1. ``poll`` (a rebalance restores state inside it), then the group metadata of exactly that membership.
2. Reduce every record over an overlay; nothing is written yet. What cannot be handled becomes a dead letter.
3. Fire timers whose partition is read completely up to their instant.
4. One transaction; only after its commit is the local state written.
5. Any doubt: a new producer, and state and positions back to the committed truth (``_recover``). One that repeats
   from the same offsets on is given time, and told (``doubts``).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Generic

from shared.clock import Clock
from shared.crash_points import crash_point
from shared.errors import BrokerUnavailable, ClusterNotReady, OffsetGone, TransactionDoubt
from shared.events.topics import state_topic
from shared.observability import metrics
from shared.observability.logging import get_logger
from shared.observability.outage import OUTAGE
from shared.processing import Processor, Stateless, StateT
from shared.state.sqlite import Row
from shared.streaming import transaction
from shared.streaming.batch import Batch
from shared.streaming.broker import Broker, GroupMetadata, Offsets, TransactionalProducer
from shared.streaming.census import PublishCensus
from shared.streaming.cluster_check import ClusterCheck
from shared.streaming.cluster_needs import needs_of
from shared.streaming.copartition import member_name, owned
from shared.streaming.doubts import Doubts
from shared.streaming.engine_settings import ProcessorSettings
from shared.streaming.gauges import LoopGauges
from shared.streaming.in_hand import InHand
from shared.streaming.pace import Pace, starts_of
from shared.streaming.records import ConsumerRecord, TopicPartition
from shared.streaming.reducing import RecordReducer
from shared.streaming.restore import Restorer
from shared.streaming.stamps import StampWatch
from shared.streaming.starting import Starter
from shared.streaming.timers import TimerFirer

_LOG = get_logger()
_PART = "loop"

OnCommitted = Callable[[Batch[StateT]], None]
"""Called after each commit; for metrics only, so it must not raise."""


class ProcessorLoop(Generic[StateT]):
    """Runs one processor as one member of its consumer group."""

    def __init__(
        self,
        processor: Processor[StateT],
        broker: Broker,
        clock: Clock,
        settings: ProcessorSettings,
        on_committed: OnCommitted[StateT] | None = None,
        publish_census: PublishCensus | None = None,
    ) -> None:
        self._processor = processor
        self._broker = broker
        self._clock = clock
        self._instance_id = settings.instance_id
        self._settings = settings.engine
        self._on_committed = on_committed
        directory = settings.state_dir / processor.name / settings.instance_id
        self.in_hand = InHand(directory / "takes-too-long.json", settings.too_long_seconds)
        self._pace = Pace(self._settings.max_records, self._settings.pass_seconds)
        self._consumer = broker.consumer(processor.name, member_name(settings.instance_id, processor.input_topics))
        self._reducer = RecordReducer(processor, self._settings.dead_letter_max_share, self.in_hand)
        self._timers = TimerFirer(
            processor, self._consumer, self._settings.timer_grace, self._settings.max_timers, self.in_hand
        )
        self._gauges = LoopGauges(processor.name, self._consumer, publish_census)
        self._keeps_state = not isinstance(processor, Stateless)
        self._restorer = Restorer(processor, broker, directory) if self._keeps_state else Starter(processor, broker)
        self.cluster = ClusterCheck(
            broker, processor.name, needs_of(processor), settings.kafka.missing_patience_seconds
        )
        self._stamps = StampWatch(processor.name, self._restorer.gaps.is_outsiders)
        self._producer: TransactionalProducer | None = None
        self._starting: TransactionalProducer | None = None
        self._assigned: Sequence[TopicPartition] = ()
        self._subscribed = False
        self._restored = False
        self._is_spare = False
        self._doubts = Doubts()

    @property
    def assigned_partitions(self) -> Sequence[int]:
        """Partition numbers this member owns and has restored."""
        return sorted(self._restorer.stores)

    def has_partition(self, number: int) -> bool:
        """Whether this member owns that partition and is restoring it or has restored it; from any thread."""
        return number in self._restorer.stores

    @property
    def is_ready(self) -> bool:
        """True when the producer is initialised and the state of all partitions owned is restored.

        Of no partitions, too: who joined as a spare waits for somebody else to leave, and is as ready as it can be.
        """
        return self._producer is not None and (self._restored or self._is_spare)

    @property
    def problem(self) -> str | None:
        """Why no record is handled now, or handled in vain; None when all is well."""
        if self.cluster.problem is not None:
            return self.cluster.problem
        if self._doubts.problem is not None or self.is_ready:
            return self._doubts.problem
        if self._producer is None and self._doubts.cause is not None:
            return f"recovering: {self._doubts.cause}"
        return "no partitions assigned yet"

    def run_once(self) -> int:
        """One pass; number of records handled. Recovers from doubt by itself, raises FatalError when it must stop."""
        if self._doubts.is_waiting:
            time.sleep(self._settings.poll_seconds)
            self._hear_of_the_group()
            return 0
        try:
            producer = self._producer or self._recover()
            handled = self._pass(producer)
            if self._producer is not None:  # else the partitions that came meanwhile could not be restored
                OUTAGE.well(_PART)
            return handled
        except TransactionDoubt as doubt:
            self._distrust(doubt)
        except ClusterNotReady as not_ready:
            self._doubts.add(not_ready)
            self._hear_of_the_group()
        except OffsetGone as gone:
            self._bear_with(gone)
        except BrokerUnavailable as error:
            self._distrust(error)
            self._hear_of_the_group()
        return 0

    def close(self) -> None:
        """Stop reading and close the state; between two passes nothing is half done.

        A static member does not leave its group by that: it is awaited until its session ends.
        """
        self._consumer.close()
        for producer in (self._producer, self._starting):
            if producer is not None:
                producer.discard()
        self._restorer.release()

    def _bear_with(self, gone: OffsetGone) -> None:
        """What others wrote was deleted before its turn came: that is their loss, and no reason to stop."""
        if not self._restorer.gaps.is_outsiders(gone.topic):
            raise gone
        self._restorer.gaps.refuse(TopicPartition(gone.topic, gone.partition))
        self._distrust(gone)

    def _pass(self, producer: TransactionalProducer) -> int:
        records = self._consumer.poll(self._pace.max_records, self._settings.poll_seconds)
        if not self._restored:  # nothing is assigned, or its state could not be restored: no timer of it may fire
            return 0
        group = self._consumer.group_metadata()
        if records:
            crash_point(f"{self._processor.name}.after-poll")
        batch = Batch(self._processor, self._restorer.stores, self._clock.now())
        with _stage("reduce"):
            handled = self._reduce(records, batch)
        with _stage("fire"):
            self._pace.begin()
            self._timers.fire(self._restorer.stores, batch, self._pace.is_over)
        self._restorer.gaps.add_to(batch)
        if not batch.is_empty():
            self._commit(producer, batch, group)
        self._gauges.refresh(records[:handled], self._restorer.stores)
        self._stamps.look(records[:handled])
        return handled

    def _reduce(self, records: Sequence[ConsumerRecord], batch: Batch[StateT]) -> int:
        """How many were handled; what there was no time for is read again. Timers look at positions after that."""
        self._pace.begin()
        handled = self._reducer.reduce(records, batch, self._pace.is_over)
        left = records[handled:]
        self._pace.end(handled, len(left))
        if left:
            self._consumer.seek(starts_of(left))
        return handled

    def _commit(self, producer: TransactionalProducer, batch: Batch[StateT], group: GroupMetadata) -> None:
        service = self._processor.name
        rows = batch.states.rows()
        with metrics.TRANSACTION_DURATION_SECONDS.labels(service).time(), _stage("write"):
            self._doubts.trying()
            next_offsets = transaction.write(producer, batch, rows, group)
            crash_point(f"{service}.after-commit")
            self._keep(rows, next_offsets)
        self._doubts.over()
        self.in_hand.committed(batch.offsets, batch.fired)
        self._restorer.gaps.told()
        metrics.TRANSACTIONS_TOTAL.labels(service, "committed").inc()
        if self._on_committed is not None:
            self._on_committed(batch)

    def _keep(self, rows: Mapping[int, Mapping[bytes, Row]], next_offsets: Offsets) -> None:
        """Write committed state, with the changelog offset it stands at."""
        changelog = state_topic(self._processor.name)
        for number, partition_rows in rows.items():
            self._restorer.stores[number].apply(partition_rows, next_offsets[TopicPartition(changelog, number)])

    # -- doubt and recovery (engine rules 2, 3, 5) ---------------------------------------------------------------

    def _distrust(self, cause: Exception) -> None:
        """Drop the producer; the next pass starts from the committed truth."""
        self._doubts.add(cause)
        service = self._processor.name
        metrics.TRANSACTIONS_TOTAL.labels(service, "doubtful").inc()
        metrics.TRANSACTION_DOUBTS_TOTAL.labels(service, type(cause).__name__).inc()
        if isinstance(cause, BrokerUnavailable):
            OUTAGE.failing(_PART, cause)
        else:
            _LOG.warning("transaction_in_doubt", error=cause)
        if self._producer is not None:
            self._producer.discard()
            self._producer = None
        crash_point(f"{service}.after-doubt-before-rewind")

    def _recover(self) -> TransactionalProducer:
        """A new producer under the same id (which fences the old one and aborts what it left), then rewind."""
        self.cluster.require()
        self._producer = producer = self._initialised()
        if not self._subscribed:
            self._consumer.subscribe(self._processor.input_topics, self._on_assigned, self._on_revoked)
            self._subscribed = True
        elif self._assigned:
            self._consumer.seek(self._restore())
        return producer

    def _initialised(self) -> TransactionalProducer:
        """One that gets no answer is kept and asked again: its request may still come through, and fence another."""
        name = f"{self._processor.name}-{self._instance_id}"
        self._starting = producer = self._starting or self._broker.transactional_producer(name)
        try:
            producer.initialise()
        except TransactionDoubt:
            self._starting = None
            producer.discard()
            raise
        self._starting = None
        return producer

    def _hear_of_the_group(self) -> None:
        """Wait a moment, and hear meanwhile that partitions were lost, or that another process took this place.

        Who only asks for the committed offsets of partitions that are no longer its own never hears of it, and never
        joins again. Records that arrive are dropped: the recovery rewinds.
        """
        if not self._subscribed:
            time.sleep(self._settings.poll_seconds)
            return
        with contextlib.suppress(BrokerUnavailable):  # known already
            self._consumer.poll(1, self._settings.poll_seconds)

    def _restore(self) -> Offsets:
        self._timers.reset()
        self._restored = False
        offsets = self._restorer.assign(self._consumer, self._assigned)
        self._doubts.rewound(offsets)
        self._restored = bool(self._assigned)
        return offsets

    def _on_assigned(self, partitions: Sequence[TopicPartition]) -> Offsets:
        metrics.REBALANCES_TOTAL.labels(self._processor.name).inc()
        self._assigned = self._own(partitions)
        self._is_spare = not self._assigned
        try:
            self.cluster.require()
            offsets = self._restore()
        except BrokerUnavailable as error:
            self._distrust(error)
            offsets = {}
        metrics.ASSIGNED_PARTITIONS.labels(self._processor.name).set(len(self._restorer.stores))
        return offsets

    def _own(self, partitions: Sequence[TopicPartition]) -> Sequence[TopicPartition]:
        """Numbers belong together for the sake of the state; without it, whatever was given is owned."""
        if not self._keeps_state:
            return partitions
        return owned(partitions, self._processor.input_topics, self.cluster.partitions)

    def _on_revoked(self, _partitions: Sequence[TopicPartition]) -> None:
        crash_point(f"{self._processor.name}.in-revoke")
        self._assigned = ()
        self._restored = self._is_spare = False
        self._timers.reset()
        self._restorer.release()
        self._gauges.forget()
        metrics.ASSIGNED_PARTITIONS.labels(self._processor.name).set(0)


def _stage(name: str) -> AbstractContextManager[object]:
    """Times one stage of a pass."""
    timer: AbstractContextManager[object] = metrics.STAGE_DURATION_SECONDS.labels(name).time()
    return timer
