"""Records that were deleted before they were read: found at the assignment, and told.

In a topic of the bus's own that ends the process, since nobody may go on as if nothing were missing. In one that
others write it harms those others alone: reading goes on with what is left, and their dead letters say what is gone,
written in the very transaction that passes over it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from shared.errors import LostProgress
from shared.events.topics import dead_letter_topic
from shared.events.unreadable import told
from shared.language import Text
from shared.observability import metrics
from shared.observability.logging import get_logger
from shared.processing import Processor
from shared.streaming.batch import Batch
from shared.streaming.broker import Broker, Consumer, LogBounds, Offsets
from shared.streaming.dead_letters import gap_letter
from shared.streaming.records import TopicPartition

_LOG = get_logger()


class Gap(NamedTuple):
    """Nothing is left of ``partition`` from ``first`` on, up to where reading goes on; None: unknown how much that is.

    ``was_begun``: the group has a committed offset there.
    """

    partition: TopicPartition
    first: int
    resumes_at: int
    was_begun: bool

    @property
    def offsets(self) -> int | None:
        """How many offsets are gone; None where the log was made anew, so that nobody can tell."""
        return self.resumes_at - self.first if self.resumes_at > self.first else None

    def __str__(self) -> str:
        if self.offsets is None:
            return f"{self.partition} ends before {self.first}, which is committed: it was made anew, or cut short"
        return f"{self.partition} begins at {self.resumes_at}: what lay from {self.first} on was deleted unread"


def _told(gap: Gap) -> str:
    """For whoever wrote what is gone, in both languages."""
    chinese = f"{gap.partition} 自 {gap.first} 起有记录缺失。"
    return told("gone_unread", Text(f"{gap}.", chinese))


def find_gaps(
    committed: Offsets,
    uncommitted: Collection[TopicPartition],
    bounds: Mapping[TopicPartition, LogBounds],
    refused: Collection[TopicPartition] = (),
) -> list[Gap]:
    """``committed``: where to go on; for ``uncommitted`` ones the log's start.

    ``refused``: those whose offset the broker called out of range.
    """
    gaps = []
    for partition, offset in committed.items():
        start, end = bounds[partition]
        if partition in uncommitted:
            gaps += [Gap(partition, 0, start, was_begun=False)] if start > 0 else []
        elif offset < start or (partition in refused and offset > end):
            gaps.append(Gap(partition, offset, start, was_begun=True))
    return gaps


class UnreadGaps:
    """The gaps in one processor's inputs that are not told yet."""

    def __init__(self, processor: Processor[Any], broker: Broker) -> None:
        self._processor = processor
        self._broker = broker
        self._gaps: Sequence[Gap] = ()
        self._refused: set[TopicPartition] = set()
        self._said: set[Gap] = set()
        for topic in processor.input_topics:
            metrics.RECORDS_GONE_TOTAL.labels(processor.name, topic)

    def is_outsiders(self, topic: str) -> bool:
        """Whether others write it: they find what is wrong with it in dead letters of their own."""
        return self._processor.dead_letter_topic(topic) != dead_letter_topic(self._processor.name)

    def refuse(self, partition: TopicPartition) -> None:
        """The broker says that the offset to be read is out of range there."""
        self._refused.add(partition)

    def step_over(self, consumer: Consumer, committed: Offsets) -> Offsets:
        """Where to go on reading, given what is committed. LostProgress: records of the bus's own are gone."""
        bounds = self._broker.log_bounds(list(committed))
        at_the_start = [place for place, offset in committed.items() if 0 < offset == bounds[place].start]
        uncommitted = consumer.never_committed(at_the_start) if at_the_start else set()
        found = find_gaps(committed, uncommitted, bounds, self._refused)
        ours = [gap for gap in found if not self.is_outsiders(gap.partition.topic)]
        self._require_ours(ours)
        self._say(found)
        self._gaps = [gap for gap in found if gap not in ours]
        return {**committed, **{gap.partition: gap.resumes_at for gap in self._gaps}}

    def add_to(self, batch: Batch[Any]) -> None:
        """The letters that tell of them, and the offsets that pass over them; call it last."""
        for gap in self._gaps:
            topic = self._processor.dead_letter_topic(gap.partition.topic)
            offsets, service = (gap.first, gap.resumes_at), self._processor.name
            batch.outputs.append(gap_letter(gap.partition, offsets, topic, _told(gap), service, batch.now))
            batch.offsets.setdefault(gap.partition, gap.resumes_at)

    def told(self) -> None:
        """The batch was committed."""
        for gap in self._gaps:
            self._count(gap)
            self._refused.discard(gap.partition)
        self._gaps = ()

    def _require_ours(self, ours: Sequence[Gap]) -> None:
        lost = next((gap for gap in ours if gap.was_begun), None)
        if lost is not None:
            raise LostProgress(
                f"{lost}. Compare with the audit, restore the topic from a copy, or set the offset of group "
                f"{self._processor.name} by hand (kafka-consumer-groups.sh --reset-offsets)"
            )

    def _say(self, found: Sequence[Gap]) -> None:
        """Each once: a repair asks again."""
        for gap in found:
            if gap in self._said:
                continue
            self._said.add(gap)
            place = {"topic": gap.partition.topic, "partition": gap.partition.partition, "offset": gap.first}
            if self.is_outsiders(gap.partition.topic):
                _LOG.error("records_gone_unread", **place, count=gap.offsets, reason=str(gap))
            else:
                _LOG.warning("log_begins_late", **place, count=gap.offsets, reason=str(gap))
                self._count(gap)

    def _count(self, gap: Gap) -> None:
        metrics.RECORDS_GONE_TOTAL.labels(self._processor.name, gap.partition.topic).inc(gap.offsets or 1)
