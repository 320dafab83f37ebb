"""The eleven engine rules of the design. Each test fails when its rule is broken in the engine."""

from __future__ import annotations

import ast
import hashlib
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing, nullcontext
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from deploy.local.polling import wait_until
from shared.errors import (
    BrokerUnavailable,
    ClusterMismatch,
    DeadLetterLimit,
    LostProgress,
    ProducerFenced,
    TransactionDoubt,
)
from shared.events import topics
from shared.events.ids import complaint_id
from shared.processing import Step
from shared.settings import KafkaSettings
from shared.streaming import cluster_check
from shared.streaming.broker import LogBounds, Offsets
from shared.streaming.memory import MemoryBroker
from shared.streaming.memory.producer import MemoryTransactionalProducer
from shared.streaming.records import ProducerRecord, TopicPartition
from tests.component.engine.harness import (
    CASE,
    CASE_BESIDE,
    START,
    TOPICS,
    Count,
    Counter,
    Faults,
    Process,
    closings,
    log_of,
    supplement,
    urge,
    urges_seen,
    withdraw,
    write_raw,
)

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def cluster() -> MemoryBroker:
    return MemoryBroker(TOPICS)


def test_a_pass_asks_the_cluster_nothing_that_could_be_answered_slowly(
    cluster: MemoryBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the watch over the cluster asks, it asks in the thread of ``OutageWatch``."""
    monkeypatch.setattr(cluster_check, "WATCH_SECONDS", 0.0)
    process, looks = Process(cluster, tmp_path), list[object]()
    process.run()
    monkeypatch.setattr(cluster, "describe", looks.append)
    for number in range(3):
        urge(cluster, number)
        process.run(2)
    assert urges_seen(cluster) == [1, 2, 3]
    assert not looks


def fail_once(error: BaseException) -> Callable[[], None]:
    """A fault that happens the first time only."""
    pending = [error]

    def fault() -> None:
        if pending:
            raise pending.pop()

    return fault


# ---- rule 1: one transaction = events + changelog + offsets; timers carry an offset too -----------------------------


def test_rule_1_events_state_and_offsets_become_visible_together(cluster: MemoryBroker, tmp_path: Path) -> None:
    process = Process(cluster, tmp_path)
    process.faults.before_commit = fail_once(SystemExit())
    urge(cluster, 1)
    with pytest.raises(SystemExit):
        process.run()
    assert urges_seen(cluster) == []
    assert cluster.records(topics.state_topic("counter")) == []
    Process(cluster, tmp_path).run()
    assert urges_seen(cluster) == [1]
    assert len(cluster.records(topics.state_topic("counter"))) == 1


def test_rule_1_a_zombie_that_only_fires_timers_is_fenced(cluster: MemoryBroker, tmp_path: Path) -> None:
    zombie = Process(cluster, tmp_path / "a", instance="a")
    urge(cluster, 1)
    zombie.run()
    owner = Process(cluster, tmp_path / "b", instance="b")

    def owner_takes_over() -> None:
        zombie.faults.during_reduce = lambda: None
        zombie.broker.consumers[0].expire()
        owner.clock.set(START + timedelta(hours=2))
        owner.run()

    zombie.faults.during_reduce = owner_takes_over
    zombie.clock.set(START + timedelta(hours=2))
    zombie.run()
    owner.run()
    zombie.run()
    assert closings(cluster) == 1


# ---- rules 2 and 3: doubt means a new producer and a rewind ---------------------------------------------------------


def test_rule_2_a_commit_that_succeeded_but_was_not_confirmed_is_not_repeated(
    cluster: MemoryBroker, tmp_path: Path
) -> None:
    process = Process(cluster, tmp_path)
    process.faults.after_commit = fail_once(TransactionDoubt("the answer got lost"))
    urge(cluster, 1)
    process.run()
    urge(cluster, 2)
    process.run()
    assert urges_seen(cluster) == [1, 2]


def test_rule_2_after_a_doubt_the_producer_is_never_used_again(cluster: MemoryBroker, tmp_path: Path) -> None:
    process = Process(cluster, tmp_path)
    process.run()
    made = process.broker.producers_made
    process.faults.before_flush = fail_once(TransactionDoubt("delivery failed"))
    urge(cluster, 1)
    process.run()
    assert process.broker.producers_made == made + 1
    assert urges_seen(cluster) == [1]


def test_rule_2_a_slow_commit_is_a_doubt(
    cluster: MemoryBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = Process(cluster, tmp_path)
    process.run()
    made = process.broker.producers_made
    monkeypatch.setattr("shared.streaming.transaction.SLOW_COMMIT_SECONDS", -1.0)
    urge(cluster, 1)
    process.loop.run_once()
    monkeypatch.undo()
    process.run()
    assert process.broker.producers_made == made + 1
    assert urges_seen(cluster) == [1]


def test_rule_2_a_doubt_that_repeats_at_the_same_offsets_is_slowed_down_and_told(
    cluster: MemoryBroker, tmp_path: Path
) -> None:
    def fail() -> None:
        raise TransactionDoubt("the topic is on fire")

    process = Process(cluster, tmp_path)
    process.run()
    made = process.broker.producers_made
    process.faults.before_flush = fail
    urge(cluster, 1)
    process.run(40)
    assert 2 <= process.broker.producers_made - made <= 4
    assert "the topic is on fire" in str(process.loop.problem)
    process.faults.before_flush = lambda: None
    wait_until(lambda: process.loop.run_once() >= 0 and urges_seen(cluster), "the next try", timeout_seconds=10)
    assert urges_seen(cluster) == [1]
    assert process.loop.problem is None


def test_rule_2_doubts_that_lose_nothing_are_not_slowed_down(cluster: MemoryBroker, tmp_path: Path) -> None:
    """The commit succeeded each time, and only its answer was lost: the next one is about other records."""

    def lose_the_answer() -> None:
        raise TransactionDoubt("the answer got lost")

    process = Process(cluster, tmp_path)
    process.run()
    process.faults.after_commit = lose_the_answer
    for number in range(1, 9):
        urge(cluster, number)
        process.run(2)
    assert urges_seen(cluster) == list(range(1, 9))
    assert "in a row" not in str(process.loop.problem)


def test_rule_3_records_of_a_failed_transaction_are_read_again(cluster: MemoryBroker, tmp_path: Path) -> None:
    process = Process(cluster, tmp_path)
    process.faults.before_commit = fail_once(TransactionDoubt("timed out"))
    urge(cluster, 1)
    urge(cluster, 2)
    process.run()
    assert urges_seen(cluster) == [1, 2]


def test_a_fenced_process_stops_instead_of_recovering(cluster: MemoryBroker, tmp_path: Path) -> None:
    first = Process(cluster, tmp_path / "a")
    first.run()
    cluster.transactional_producer("counter-0").initialise()
    urge(cluster, 1)
    with pytest.raises(ProducerFenced):
        first.run()
    assert urges_seen(cluster) == []


def test_rule_2_a_producer_that_gets_no_answer_is_asked_again_and_not_replaced(
    cluster: MemoryBroker, tmp_path: Path
) -> None:
    """Its request may be on its way still, and would fence whoever came after it."""
    process = Process(cluster, tmp_path)
    process.faults.before_initialise = fail_once(BrokerUnavailable("no answer yet"))
    urge(cluster, 1)
    process.run()
    assert urges_seen(cluster) == [1]
    assert process.broker.producers_made == 1


# ---- rule 4: local state only after the commit; doubtful state is rebuilt -------------------------------------------


def test_rule_4_state_of_an_uncommitted_transaction_is_not_kept(cluster: MemoryBroker, tmp_path: Path) -> None:
    process = Process(cluster, tmp_path)
    process.faults.before_commit = fail_once(TransactionDoubt("timed out"))
    urge(cluster, 1)
    process.run()
    assert urges_seen(cluster) == [1]


def test_rule_4_a_crash_between_commit_and_local_write_loses_nothing(cluster: MemoryBroker, tmp_path: Path) -> None:
    process = Process(cluster, tmp_path)
    process.faults.after_commit = fail_once(SystemExit())
    urge(cluster, 1)
    with pytest.raises(SystemExit):
        process.run()
    urge(cluster, 2)
    Process(cluster, tmp_path).run()
    assert urges_seen(cluster) == [1, 2]


def test_rule_4_lost_state_is_rebuilt_from_the_changelog(cluster: MemoryBroker, tmp_path: Path) -> None:
    process = Process(cluster, tmp_path / "a")
    urge(cluster, 1)
    process.run()
    process.loop.close()
    urge(cluster, 2)
    Process(cluster, tmp_path / "another disk").run()
    assert urges_seen(cluster) == [1, 2]


def test_rule_4_a_spoilt_file_is_rebuilt(cluster: MemoryBroker, tmp_path: Path) -> None:
    process = Process(cluster, tmp_path)
    urge(cluster, 1)
    process.run()
    process.loop.close()
    for file in state_files(tmp_path):
        file.write_bytes(b"not a database, but long enough to be taken for one" * 100)
    urge(cluster, 2)
    Process(cluster, tmp_path).run()
    assert urges_seen(cluster) == [1, 2]


def state_files(state_dir: Path) -> list[Path]:
    """The files of all partitions."""
    found = list(state_dir.rglob("*.sqlite"))
    assert found
    return found


def test_rule_4_a_file_ahead_of_its_changelog_is_rebuilt(cluster: MemoryBroker, tmp_path: Path) -> None:
    """The cluster was restored from a copy older than this machine's files."""
    process = Process(cluster, tmp_path)
    urge(cluster, 1)
    process.run()
    process.loop.close()
    for file in state_files(tmp_path):
        with closing(sqlite3.connect(file)) as store:
            store.execute("UPDATE origin SET changelog_offset = 1000")
            store.execute("DELETE FROM state")
            store.commit()
    urge(cluster, 2)
    Process(cluster, tmp_path).run()
    assert urges_seen(cluster) == [1, 2]


def test_rule_4_a_changelog_that_lost_its_beginning_stops_the_process(
    cluster: MemoryBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    urge(cluster, 1)
    Process(cluster, tmp_path / "a").run()
    monkeypatch.setattr(cluster, "log_bounds", lambda places: {place: LogBounds(1, 2) for place in places})
    with pytest.raises(LostProgress, match=r"counter.state.v1.* begins at 1, and the state here stands at 0"):
        Process(cluster, tmp_path / "an empty disk", instance="b").run()


def test_rule_4_two_processes_with_one_state_directory_keep_files_of_their_own(
    cluster: MemoryBroker, tmp_path: Path
) -> None:
    """The first was away when the second took over; back again, it must not write into what the second reads."""
    away, successor = Process(cluster, tmp_path, instance="a"), Process(cluster, tmp_path, instance="b")
    urge(cluster, 1)
    away.run()
    away.broker.consumers[0].expire()
    urge(cluster, 2)
    successor.run()
    assert len(state_files(tmp_path)) == len({file.resolve() for file in state_files(tmp_path)}) == 4


# ---- rule 5: committed offsets, then changelog, then run ------------------------------------------------------------


def test_rule_5_the_order_on_assignment(cluster: MemoryBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    process = Process(cluster, tmp_path)
    consumer = process.broker.consumers[0]
    committed, read_to_end = consumer.committed, cluster.read_to_end

    def note_committed(partitions: list[TopicPartition]) -> object:
        calls.append("committed")
        return committed(partitions)

    def note_changelog(starts: Offsets) -> object:
        calls.extend("changelog" for _ in starts)
        return read_to_end(starts)

    monkeypatch.setattr(consumer, "committed", note_committed)
    monkeypatch.setattr(cluster, "read_to_end", note_changelog)
    process.run()
    assert calls == ["committed", "changelog", "changelog"]


def test_rule_5_an_open_transaction_of_the_last_owner_is_waited_for(cluster: MemoryBroker, tmp_path: Path) -> None:
    last_owner = Process(cluster, tmp_path / "a", instance="a")
    next_owner = Process(cluster, tmp_path / "b", instance="b")

    def next_owner_starts() -> None:
        last_owner.faults.before_commit = lambda: None
        last_owner.broker.consumers[0].expire()
        next_owner.run()

    last_owner.run()
    last_owner.faults.before_commit = next_owner_starts
    urge(cluster, 1)
    last_owner.run()
    urge(cluster, 2)
    next_owner.run()
    last_owner.run()
    assert urges_seen(cluster) == [1, 2]


def test_rule_5_state_without_committed_offsets_stops_the_process(cluster: MemoryBroker, tmp_path: Path) -> None:
    """The broker forgets the offsets of a group that rested for too long; the log would be counted a second time."""
    urge(cluster, 1)
    process = Process(cluster, tmp_path)
    process.run()
    process.loop.close()
    cluster.group("counter").committed.clear()
    with pytest.raises(LostProgress, match="no committed offset of partition"):
        Process(cluster, tmp_path).run()
    assert urges_seen(cluster) == [1]


@pytest.mark.parametrize(("rows", "is_refused"), [(40, True), (5, False)])
def test_rule_5_state_made_with_another_number_of_partitions_is_refused(
    rows: int, is_refused: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = MemoryBroker(TOPICS)
    for number in range(rows):
        urge(cluster, number, case=complaint_id("web", f"case {number}"))
    process = Process(cluster, tmp_path)
    process.run()
    process.loop.close()
    monkeypatch.setattr(cluster, "partition_of", lambda key, _: zlib.crc32(key) % 3)
    with pytest.raises(ClusterMismatch, match="was made with another number") if is_refused else nullcontext():
        Process(cluster, tmp_path).run()


def test_rule_5_only_numbers_with_every_input_are_worked_on(tmp_path: Path) -> None:
    """A member that knows a new topic beside one that does not: each number has one owner all the same."""
    updates = topics.department_updates_topic("service")
    cluster = MemoryBroker({**TOPICS, updates: 2})
    old, new = Process(cluster, tmp_path, instance="old"), Process(cluster, tmp_path, instance="new", also=(updates,))
    for _ in range(4):
        old.run(2)
        new.run(2)
    owned = old.loop.assigned_partitions, new.loop.assigned_partitions
    assert sorted([*owned[0], *owned[1]]) == [0, 1]
    assert len(new.broker.consumers[0].positions()) == 2, "both of its topics, of one number"


# ---- rule 6: timers on wall-clock time, only where the input is complete --------------------------------------------


def test_rule_6_a_timer_fires_once_and_not_early(cluster: MemoryBroker, tmp_path: Path) -> None:
    process = Process(cluster, tmp_path)
    urge(cluster, 1)
    process.run()
    process.clock.set(START + timedelta(minutes=59, seconds=59))
    process.run()
    assert closings(cluster) == 0
    process.clock.set(START + timedelta(hours=1, seconds=2))
    process.run()
    process.run()
    assert closings(cluster) == 1


def test_rule_6_a_timer_that_cannot_be_handled_stays_due_and_stops_nothing(
    cluster: MemoryBroker, tmp_path: Path
) -> None:
    def fail() -> None:
        raise ArithmeticError

    process = Process(cluster, tmp_path, faults=Faults(during_fire=fail))
    urge(cluster, 1)
    process.clock.set(START + timedelta(hours=2))
    process.run()
    urge(cluster, 2, at=START + timedelta(hours=2))
    process.run()
    assert urges_seen(cluster) == [1, 2]
    process.clock.set(START + timedelta(hours=4))
    process.run()
    assert closings(cluster) == 0
    process.loop.close()
    mended = Process(cluster, tmp_path)
    mended.clock.set(START + timedelta(hours=4))
    mended.run()
    assert closings(cluster) == 1


def test_rule_6_a_timer_that_failed_costs_nothing_more_and_is_in_nobodys_way(
    cluster: MemoryBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The earliest timer fails for good; the most that is looked at in one pass is one."""
    failing = [CASE]

    def fail_for_one(counter: Counter, state: Count, now: datetime) -> Step[Count]:
        if state.complaint_id in failing:
            raise ArithmeticError
        return fire(counter, state, now)

    fire = Counter.fire
    monkeypatch.setattr(Counter, "fire", fail_for_one)
    process = Process(cluster, tmp_path, max_timers=1)
    urge(cluster, 1)
    urge(cluster, 2, at=START + timedelta(minutes=1), case=CASE_BESIDE)
    process.clock.set(START + timedelta(hours=2))
    process.run()
    assert closings(cluster) == 1, "the other one"
    questions = counted(monkeypatch, process.broker.consumers[0], "end_offsets")
    begun = counted(monkeypatch, MemoryTransactionalProducer, "begin")
    process.run(20)
    assert (len(questions), len(begun)) == (0, 0)
    process.loop.close()
    failing.clear()
    mended = Process(cluster, tmp_path)
    mended.clock.set(START + timedelta(hours=2))
    mended.run()
    assert closings(cluster) == 2


@pytest.mark.parametrize("patience", [timedelta(hours=3), timedelta(minutes=-30)], ids=["longer", "shorter"])
def test_rule_6_timers_kept_on_the_disk_follow_the_settings_of_today(
    cluster: MemoryBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patience: timedelta
) -> None:
    process = Process(cluster, tmp_path)
    urge(cluster, 1)
    process.run()
    process.loop.close()

    def later(_: Counter, state: Count) -> datetime | None:
        return None if state.close_at is None else state.close_at + patience

    monkeypatch.setattr(Counter, "due_at", later)
    monkeypatch.setattr(Counter, "timer_settings", repr(patience), raising=False)
    monkeypatch.setattr(Counter, "fire", lambda _, state, now: Step(state.model_copy(update={"close_at": None})))
    restarted = Process(cluster, tmp_path)
    questions = counted(monkeypatch, restarted.broker.consumers[0], "end_offsets")
    restarted.clock.set(START + timedelta(hours=1) + min(patience, timedelta()) + timedelta(minutes=10))
    restarted.run()
    rows = [Count.model_validate_json(row.value or b"") for row in cluster.records(topics.state_topic("counter"))]
    if patience > timedelta():
        assert len(questions) <= 1, "the lag was asked for, and no timer is due"
        assert rows[-1].close_at is not None
    else:
        assert rows[-1].close_at is None, "it fired, half an hour earlier than it was written for"


def test_rule_6_a_timer_that_is_not_due_after_all_is_asked_about_once(
    cluster: MemoryBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Code that changed without a new version number: what the disk says is found wrong when it falls due."""
    process = Process(cluster, tmp_path)
    urge(cluster, 1)
    process.run()
    monkeypatch.setattr(Counter, "due_at", lambda _, state: state.close_at and state.close_at + timedelta(hours=3))
    process.clock.set(START + timedelta(hours=2))
    process.run()
    begun = counted(monkeypatch, MemoryTransactionalProducer, "begin")
    questions = counted(monkeypatch, process.broker.consumers[0], "end_offsets")
    process.run(20)
    assert (len(questions), len(begun), closings(cluster)) == (0, 0, 0)
    process.clock.set(START + timedelta(hours=5))
    process.run()
    assert closings(cluster) == 1


def counted(monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> list[int]:
    """Grows with every call of a method from now on."""
    calls: list[int] = []
    method = getattr(owner, name)

    def note(*arguments: object) -> object:
        calls.append(len(calls))
        return method(*arguments)

    monkeypatch.setattr(owner, name, note)
    return calls


def test_rule_6_after_downtime_the_backlog_is_read_before_timers_fire(cluster: MemoryBroker, tmp_path: Path) -> None:
    process = Process(cluster, tmp_path)
    urge(cluster, 1)
    process.run()
    process.loop.close()
    for number in range(2, 1500):  # more than one batch
        urge(cluster, number)
    withdraw(cluster, START + timedelta(minutes=30))
    restarted = Process(cluster, tmp_path)
    restarted.clock.set(START + timedelta(hours=5))
    restarted.run(12)
    assert len(urges_seen(cluster)) == 1499
    assert closings(cluster) == 0


def test_rule_6_timers_fire_under_steady_traffic_too(cluster: MemoryBroker, tmp_path: Path) -> None:
    process = Process(cluster, tmp_path, max_records=5)
    urge(cluster, 1)
    process.run()
    process.clock.set(START + timedelta(hours=2))
    for number in range(2, 62, 6):  # six in, five out: the end is never reached
        for each in range(number, number + 6):
            write_raw(cluster, b"{}", [("ce_id", b"%d" % each)])
        process.loop.run_once()
    assert closings(cluster) == 1


def test_rule_6_what_is_committed_behind_an_open_transaction_counts_as_unread(
    cluster: MemoryBroker, tmp_path: Path
) -> None:
    """A writer died in the midst of a transaction: until the broker ends it, nobody can read what others committed."""
    process = Process(cluster, tmp_path)
    urge(cluster, 1)
    process.run()
    dead = cluster.transactional_producer("a writer that died")
    dead.initialise()
    dead.begin()
    dead.produce(ProducerRecord(topics.RECEIVED, CASE.encode(), b"never finished", []))
    dead.flush()
    withdraw(cluster, START + timedelta(minutes=30))
    process.clock.set(START + timedelta(hours=2))
    process.run()
    assert closings(cluster) == 0
    cluster.transactional_producer("a writer that died").initialise()  # ends what it left, as the broker does in time
    process.run()
    assert closings(cluster) == 0, "the withdrawal was in time"


# ---- rule 7: unsafe settings refuse to start ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "unsafe", [{"acks": "1"}, {"enable_auto_commit": True}, {"start_from": "latest"}, {"start_from": "none"}]
)
def test_rule_7_unsafe_settings_are_refused(unsafe: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        KafkaSettings.model_validate(unsafe)


# ---- rule 8: dead letters in the same transaction, and not without end ----------------------------------------------


def test_rule_8_an_unreadable_record_is_kept_byte_for_byte_with_its_origin(
    cluster: MemoryBroker, tmp_path: Path
) -> None:
    write_raw(cluster, b"{not json", [("ce_type", b"complaint.urged.v1"), ("x", b"kept")])
    urge(cluster, 1)
    Process(cluster, tmp_path).run()
    (letter,) = cluster.records(topics.dead_letter_topic("counter"))
    headers = dict(letter.headers)
    assert (letter.key, letter.value, headers["x"]) == (CASE.encode(), b"{not json", b"kept")
    assert headers["dlq_reason"] == b"missing_header"
    assert headers["dlq_topic"] == topics.RECEIVED.encode()
    assert headers["dlq_offset"] == b"0"
    assert urges_seen(cluster) == [1]


def test_rule_8_a_dead_letter_is_part_of_the_transaction(cluster: MemoryBroker, tmp_path: Path) -> None:
    process = Process(cluster, tmp_path)
    process.faults.before_commit = fail_once(TransactionDoubt("timed out"))
    write_raw(cluster, b"{not json", [])
    process.run()
    assert len(cluster.records(topics.dead_letter_topic("counter"))) == 1


def test_rule_8_too_many_unreadable_records_stop_the_service(cluster: MemoryBroker, tmp_path: Path) -> None:
    for _ in range(150):
        write_raw(cluster, b"{not json", [])
    with pytest.raises(DeadLetterLimit, match="of the last"):
        Process(cluster, tmp_path).run()
    assert cluster.records(topics.dead_letter_topic("counter")) == []


def test_rule_8_unreadable_records_of_an_outside_writer_do_not_stop_the_service(
    cluster: MemoryBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Counter, "dead_letter_topic", lambda *_: topics.LIFECYCLE)  # not the service's own
    for _ in range(150):
        write_raw(cluster, b"{not json", [])
    urge(cluster, 1)
    Process(cluster, tmp_path).run()
    assert len(cluster.records(topics.LIFECYCLE)) == 151


def test_rule_8_a_record_larger_than_any_dead_letter_leaves_its_origin_and_its_digest(
    cluster: MemoryBroker, tmp_path: Path
) -> None:
    value = b"x" * 2_000_000
    write_raw(cluster, value, [("ce_type", b"complaint.urged.v1"), ("x", b"kept")])
    urge(cluster, 1)
    Process(cluster, tmp_path).run()
    (letter,) = cluster.records(topics.dead_letter_topic("counter"))
    headers = dict(letter.headers)
    assert (letter.key, letter.value, headers["x"]) == (CASE.encode(), None, b"kept")
    assert (headers["dlq_reason"], headers["dlq_offset"]) == (b"missing_header", b"0")
    assert headers["dlq_value_bytes"] == b"2000000"
    assert headers["dlq_value_sha256"] == hashlib.sha256(value).hexdigest().encode()
    assert urges_seen(cluster) == [1]


def test_rule_8_what_would_make_a_state_row_too_large_to_be_written_is_put_aside_and_nothing_else(
    cluster: MemoryBroker, tmp_path: Path
) -> None:
    process = Process(cluster, tmp_path)
    urge(cluster, 1)
    for number in range(6):  # the fifth is the first too many
        supplement(cluster, number, "王" * 80_000)
    urge(cluster, 2)
    process.run()
    letters = cluster.records(topics.dead_letter_topic("counter"))
    assert [dict(letter.headers)["ce_id"] for letter in letters] == [b"supplement-4", b"supplement-5"]
    assert {dict(letter.headers)["dlq_reason"] for letter in letters} == {b"too_large"}
    assert urges_seen(cluster) == [1, 2]
    process.clock.set(START + timedelta(hours=2))
    process.run()
    assert closings(cluster) == 1


def test_rule_8_a_timer_whose_event_is_too_large_to_be_written_stops_nothing(
    cluster: MemoryBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = Process(cluster, tmp_path)
    urge(cluster, 1)
    process.run()
    monkeypatch.setattr("shared.streaming.largest.LARGEST_RECORD_BYTES", 10)
    process.clock.set(START + timedelta(hours=2))
    process.run()
    assert closings(cluster) == 0
    monkeypatch.undo()
    urge(cluster, 2)
    process.run()
    assert urges_seen(cluster) == [1, 2]


def test_rule_8_what_would_make_an_event_too_large_to_be_written_is_put_aside_and_nothing_else(
    cluster: MemoryBroker, tmp_path: Path
) -> None:
    urge(cluster, 1)
    urge(cluster, 2, traceparent="0" * 1_100_000)
    urge(cluster, 3)
    Process(cluster, tmp_path).run()
    (letter,) = cluster.records(topics.dead_letter_topic("counter"))
    assert dict(letter.headers)["dlq_reason"] == b"too_large"
    assert urges_seen(cluster) == [1, 2], "the second one was not counted, so the third is the second"


# ---- rule 9: complaint_id first, cache second ------------------------------------------------------------------------
# The engine has no cache. Intake has one, on a real Redis: tests/component/intake/test_http.py
# (test_with_redis_flushed_the_same_submission_still_gets_the_same_ticket, test_without_redis_everything_works_without_
# delay, test_another_kafka_cluster_is_not_taken_for_the_one_redis_remembers); the mutant redis-only-idempotency breaks
# the rule in a whole bus, and must be found (tests/torture/mutants).


# ---- rule 10: group metadata of the poll ----------------------------------------------------------------------------


def test_rule_10_a_paused_process_that_wakes_up_commits_nothing(cluster: MemoryBroker, tmp_path: Path) -> None:
    zombie = Process(cluster, tmp_path / "a", instance="a")
    zombie.run()
    owner = Process(cluster, tmp_path / "b", instance="b")

    def sleep_through_the_session() -> None:
        zombie.faults.before_offsets = lambda: None
        zombie.broker.consumers[0].expire()
        owner.run()

    zombie.faults.before_offsets = sleep_through_the_session
    urge(cluster, 1)
    zombie.run()
    owner.run()
    assert urges_seen(cluster) == [1]


def test_rule_10_membership_lost_while_reducing_is_not_renewed_for_the_commit(
    cluster: MemoryBroker, tmp_path: Path
) -> None:
    zombie = Process(cluster, tmp_path / "a", instance="a")
    zombie.run()
    owner = Process(cluster, tmp_path / "b", instance="b")

    def sleep_through_the_session() -> None:
        zombie.faults.during_reduce = lambda: None
        zombie.broker.consumers[0].expire()
        owner.run()

    zombie.faults.during_reduce = sleep_through_the_session
    urge(cluster, 1)
    zombie.run()
    owner.run()
    assert urges_seen(cluster) == [1]


# ---- rule 11: the clock, randomness and ids are passed in -----------------------------------------------------------


def test_rule_11_the_same_input_gives_the_same_log(tmp_path: Path) -> None:
    logs = []
    for name in ("first", "second"):
        cluster = MemoryBroker(TOPICS)
        for number in range(5):
            urge(cluster, number)
        process = Process(cluster, tmp_path / name)
        process.run()
        process.clock.set(START + timedelta(hours=2))
        process.run()
        logs.append(log_of(cluster))
    assert logs[0] == logs[1]
    assert len(logs[0]) == 6


FORBIDDEN_IN_DOMAIN = {("datetime", "now"), ("datetime", "utcnow"), ("date", "today"), ("time", "time")}


@pytest.mark.parametrize("file", sorted((REPOSITORY / "services").glob("*/domain/**/*.py")), ids=lambda p: str(p)[-50:])
def test_rule_11_domain_code_reads_no_clock_and_draws_no_lots(file: Path) -> None:
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) not in FORBIDDEN_IN_DOMAIN, f"{file}:{node.lineno}"
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {alias.name for alias in node.names} | {getattr(node, "module", None)}
            assert not names & {"random", "secrets", "uuid4", "logging"}, f"{file}:{node.lineno}"


# ---- the broker away ------------------------------------------------------------------------------------------------


def test_a_broker_that_is_away_is_waited_for(cluster: MemoryBroker, tmp_path: Path) -> None:
    process = Process(cluster, tmp_path)
    urge(cluster, 1)
    cluster.available = False
    process.run(3)
    cluster.available = True
    process.run()
    assert urges_seen(cluster) == [1]


def test_the_loop_starts_while_the_broker_is_away(cluster: MemoryBroker, tmp_path: Path) -> None:
    cluster.available = False
    process = Process(cluster, tmp_path)
    assert process.loop.run_once() == 0
    assert not process.loop.is_ready
    assert "the broker is away" in str(process.loop.problem)
    with pytest.raises(BrokerUnavailable):
        cluster.ping(1)


def test_a_restore_that_fails_while_partitions_are_given_fires_no_timer_of_what_is_on_the_disk(
    cluster: MemoryBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store still says that the case is to be closed; the withdrawal is behind what it knows."""
    urge(cluster, 1)
    Process(cluster, tmp_path / "before").run()
    withdraw(cluster, START + timedelta(minutes=5))
    process = Process(cluster, tmp_path / "before")
    process.clock.set(START + timedelta(hours=2))
    process.faults.during_fire = lambda: pytest.fail("fired on stale state")
    reading = MemoryBroker.read_to_end

    def away(*_: object) -> object:
        raise BrokerUnavailable("a leader is away")

    monkeypatch.setattr(MemoryBroker, "read_to_end", away)
    process.run(3)
    assert not process.loop.is_ready
    monkeypatch.setattr(MemoryBroker, "read_to_end", reading)
    process.run()
    assert process.loop.is_ready
    assert closings(cluster) == 0


def test_a_member_too_many_is_ready_and_takes_over_when_another_leaves(cluster: MemoryBroker, tmp_path: Path) -> None:
    """A rolling deploy waits for it to be ready before it ends the next one."""
    members = [Process(cluster, tmp_path / name, instance=name) for name in ("a", "b", "c")]
    for _ in range(4):
        for member in members:
            member.run(1)
    assert sorted(len(member.loop.assigned_partitions) for member in members) == [0, 1, 1]
    assert [member.loop.problem for member in members] == [None, None, None]
    spare = next(member for member in members if not member.loop.assigned_partitions)
    members[0 if spare is not members[0] else 1].broker.consumers[0].expire()
    urge(cluster, 1)
    spare.run()
    assert len(spare.loop.assigned_partitions) == 1
    assert spare.loop.is_ready
