"""Records that went before they were read: which offsets, whose loss it is, and what is told."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cli.bus.dead_letter_record import read_dead_letter
from shared.clock import ManualClock
from shared.errors import LostProgress, OffsetGone
from shared.events import topics
from shared.events.topics import RECEIVED, department_updates_topic
from shared.observability.metrics import REGISTRY
from shared.settings import KafkaSettings
from shared.streaming.batch import Batch
from shared.streaming.broker import LogBounds, Offsets
from shared.streaming.dead_letters import GONE_UNREAD, gap_letter
from shared.streaming.engine_settings import EngineSettings, ProcessorSettings
from shared.streaming.loop import ProcessorLoop
from shared.streaming.memory import MemoryBroker
from shared.streaming.records import ConsumerRecord, TopicPartition
from shared.streaming.stamps import StampWatch
from shared.streaming.unread_gaps import UnreadGaps, find_gaps
from tests.component.engine.harness import TOPICS, Counter

NOW = datetime(2026, 12, 1, tzinfo=UTC)
UPDATES = department_updates_topic("logistics")
LETTERS = topics.department_dead_letter_topic("logistics")
OURS, THEIRS = TopicPartition(RECEIVED, 0), TopicPartition(UPDATES, 0)


class ReadsUpdates(Counter):
    """The tiny processor, with an input a department writes."""

    input_topics: tuple[str, ...] = (RECEIVED, UPDATES)

    def dead_letter_topic(self, input_topic: str) -> str:
        return LETTERS if input_topic == UPDATES else topics.dead_letter_topic(self.name)


class Shortened(MemoryBroker):
    """A cluster whose logs do not begin at 0."""

    def __init__(self, starts: dict[TopicPartition, int]) -> None:
        super().__init__({**TOPICS, UPDATES: 2, LETTERS: 2})
        self.starts = starts

    def log_bounds(self, partitions: Any) -> dict[TopicPartition, LogBounds]:
        found = super().log_bounds(partitions)
        return {place: LogBounds(self.starts.get(place, 0), max(each.end, 9)) for place, each in found.items()}


class Group:
    """A consumer that knows which partitions were never committed."""

    def __init__(self, *uncommitted: TopicPartition) -> None:
        self._uncommitted = set(uncommitted)

    def never_committed(self, partitions: Any) -> set[TopicPartition]:
        return self._uncommitted & set(partitions)


def step_over(gaps: UnreadGaps, committed: Offsets, *uncommitted: TopicPartition) -> Offsets:
    group: Any = Group(*uncommitted)
    return gaps.step_over(group, committed)


@given(
    committed=st.none() | st.integers(0, 20),
    start=st.integers(0, 20),
    length=st.integers(0, 20),
    refused=st.booleans(),
)
def test_a_gap_is_what_lies_between_where_we_were_and_what_is_left(
    committed: int | None, start: int, length: int, refused: bool
) -> None:
    bounds = {THEIRS: LogBounds(start, start + length)}
    begin = start if committed is None else committed
    gaps = find_gaps({THEIRS: begin}, {THEIRS} if committed is None else (), bounds, [THEIRS] if refused else [])
    lost = range(0 if committed is None else committed, start)
    was_cut = committed is not None and refused and committed > start + length
    assert bool(gaps) == (bool(lost) or was_cut)
    for gap in gaps:
        assert gap.resumes_at == start
        assert gap.offsets == (len(lost) or None)
        assert UPDATES in str(gap)


@pytest.mark.parametrize("uncommitted", [True, False])
def test_what_a_department_lost_is_passed_over_and_told_in_the_transaction(uncommitted: bool) -> None:
    gaps = UnreadGaps(ReadsUpdates(), Shortened({THEIRS: 5}))
    committed = {OURS: 0, THEIRS: 5 if uncommitted else 2}
    assert step_over(gaps, committed, *([THEIRS] if uncommitted else [])) == {OURS: 0, THEIRS: 5}
    batch: Batch[Any] = Batch(ReadsUpdates(), {}, NOW)
    gaps.add_to(batch)
    assert batch.offsets == {THEIRS: 5}
    [letter] = batch.outputs
    assert (letter.topic, letter.partition, letter.key, letter.value) == (LETTERS, 0, None, None)
    headers = dict(letter.headers)
    assert headers["dlq_offset"] == (b"0" if uncommitted else b"2")
    assert (headers["dlq_reason"], headers["dlq_gone_until"]) == (GONE_UNREAD.encode(), b"5")
    assert all(part in headers["dlq_detail"].decode() for part in ("was deleted unread", "重发"))
    labels = {"service": "counter", "topic": UPDATES}
    before = REGISTRY.get_sample_value("complaintbus_records_gone_total", labels) or 0
    gaps.told()
    assert REGISTRY.get_sample_value("complaintbus_records_gone_total", labels) == before + (5 if uncommitted else 3)
    again: Batch[Any] = Batch(ReadsUpdates(), {}, NOW)
    gaps.add_to(again)
    assert again.is_empty()


def test_a_record_of_our_own_that_went_unread_stops_the_process() -> None:
    with pytest.raises(LostProgress, match=r"complaints.received.v1\[0\] begins at 5.*from 2 on was deleted unread"):
        step_over(UnreadGaps(ReadsUpdates(), Shortened({OURS: 5})), {OURS: 2, THEIRS: 0})


def test_a_new_group_on_an_old_log_of_our_own_is_said_and_begins_where_the_log_does() -> None:
    gaps = UnreadGaps(ReadsUpdates(), Shortened({OURS: 5}))
    assert step_over(gaps, {OURS: 5, THEIRS: 0}, OURS) == {OURS: 5, THEIRS: 0}
    batch: Batch[Any] = Batch(ReadsUpdates(), {}, NOW)
    gaps.add_to(batch)
    assert batch.is_empty()


def test_an_operator_sees_the_letter_and_cannot_send_it_back() -> None:
    written = gap_letter(THEIRS, (2, 5), LETTERS, "why", "router", NOW)
    letter = read_dead_letter(ConsumerRecord(LETTERS, 0, 0, None, None, written.headers, 0))
    assert (letter.reason, letter.origin_topic, letter.is_complete) == (GONE_UNREAD, UPDATES, False)


@pytest.mark.parametrize("topic", [RECEIVED, UPDATES])
def test_an_offset_that_goes_while_the_service_runs_ends_it_only_where_the_log_is_ours(
    topic: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = ProcessorSettings(
        state_dir=tmp_path,
        engine=EngineSettings(poll_seconds=0.001),
        kafka=KafkaSettings(missing_patience_seconds=0),
    )
    loop = ProcessorLoop(ReadsUpdates(), Shortened({}), ManualClock(NOW), settings)
    loop.run_once()
    assert loop.is_ready

    def gone(*_: object) -> None:
        raise OffsetGone(topic, 0, "the committed offset no longer exists")

    with monkeypatch.context() as broken:
        broken.setattr(loop._consumer, "poll", gone)
        if topic == RECEIVED:
            with pytest.raises(OffsetGone):
                loop.run_once()
            return
        loop.run_once()
    for _ in range(3):
        loop.run_once()
    assert loop.is_ready


@pytest.mark.parametrize(
    ("topic", "stamp_ms", "is_old"),
    [
        (UPDATES, 1_790_000_000, True),  # seconds
        (UPDATES, 0, True),
        (UPDATES, 1_790_000_000_000, False),
        (RECEIVED, 1_790_000_000, False),  # ours are stamped by our own clocks
    ],
)
def test_a_stamp_in_seconds_is_counted(topic: str, stamp_ms: int, is_old: bool) -> None:
    watch = StampWatch("stamps", lambda name: name == UPDATES, wall_seconds=lambda: 1_790_000_100.0)
    labels = {"service": "stamps", "topic": topic}
    before = REGISTRY.get_sample_value("complaintbus_old_stamps_total", labels) or 0
    watch.look([ConsumerRecord(topic, 0, number, None, None, [], stamp_ms) for number in range(2)])
    assert (REGISTRY.get_sample_value("complaintbus_old_stamps_total", labels) or 0) - before == (2 if is_old else 0)
