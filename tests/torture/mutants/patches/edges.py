"""Rules of the places where the outside world is touched, switched off (design, edges and engine rule 9)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from services.intake.adapters.kafka_log import KafkaLog
from services.intake.delivery import Delivered
from services.intake.memory.receipts import Receipts
from services.notifier.sending import outcomes
from services.notifier.sending.delivery import Delivery, OwnedPartition
from services.notifier.sending.durable_writer import DurableWriter
from services.notifier.sending.ownership import Ownership
from services.notifier.sending.recovery import events_partition
from services.router.domain.case import Case
from services.router.domain.refusals import Reason
from services.router.processor import RouterProcessor
from shared.events.notifications import NotificationAttempted
from shared.events.received import ComplaintSubmitted
from shared.processing import Message, Step
from shared.streaming.broker import Offsets
from shared.streaming.records import ProducerRecord, TopicPartition
from tests.torture.mutants.patches.replacing import replace


def redis_only_idempotency() -> None:
    """That there is one of each is left to Redis: the door reads no log, the router registers all it reads."""
    received = RouterProcessor._received

    def as_if_new(
        processor: RouterProcessor, case: Case | None, message: Message, now: datetime
    ) -> Step[Case] | Reason:
        known = None if isinstance(message.event, ComplaintSubmitted) else case
        return received(processor, known, message, now)

    async def nothing(_: Receipts, identity: str) -> Delivered | None:
        return None

    replace(RouterProcessor, "_received", as_if_new)
    replace(Receipts, "recall", nothing)


def delivery_reports_ignored() -> None:
    """A record that is queued counts as durable."""

    async def queue(log: KafkaLog, record: ProducerRecord) -> None:
        log._producer.send(record, lambda _: None)

    replace(KafkaLog, "_send", queue)


def marked_before_sent() -> None:
    """In place of ``attempted``, the letter is on record as sent before the relay hears of it."""

    def sent(delivery: Delivery, attempt: int, now: datetime) -> ProducerRecord:
        return outcomes.sent(delivery, attempt, delivery.progress.possibly_delivered, now)

    replace(outcomes, "attempted", sent)


def attempt_not_recorded() -> None:
    """Nobody who takes over later can know that a letter may have arrived."""
    write = DurableWriter.write

    def write_but_attempts(writer: DurableWriter, record: ProducerRecord) -> None:
        if ("ce_type", NotificationAttempted.event_type.encode()) not in record.headers:
            write(writer, record)

    replace(DurableWriter, "write", write_but_attempts)


def sender_commits_on_reading() -> None:
    """A request counts as done when it was read."""

    def as_read(
        ownership: Ownership, positions: Offsets, partitions: Iterable[OwnedPartition] | None = None
    ) -> dict[TopicPartition, int]:
        offsets: dict[TopicPartition, int] = {}
        for owned in ownership._owned.values() if partitions is None else partitions:
            upto = positions.get(owned.partition, owned.committed)
            if upto > owned.committed:
                offsets[owned.partition] = upto
                offsets[events_partition(owned.partition)] = owned.bookmarks.events_start(upto)
        return offsets

    replace(Ownership, "committable", as_read)
