"""What a door has read off the log: of each complaint the first receipt, for as long as it is to be kept."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.local.polling import wait_until
from services.intake.delivery import Delivered
from services.intake.memory.receipts import Receipts
from shared.clock import ManualClock
from shared.events import ids, registry
from shared.events.received import ComplaintSubmitted, ComplaintUrged
from shared.events.topics import RECEIVED
from shared.state.sqlite import PartitionStore
from shared.streaming.memory import MemoryBroker
from shared.streaming.memory.consumer import MemoryConsumer
from shared.streaming.records import ConsumerRecord, ProducerRecord
from tests.unit.router.case_builders import a_complaint

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KEEP = timedelta(days=7)


@pytest.fixture(scope="module", autouse=True)
def _polls_often() -> Iterator[None]:
    """A door that is told to stop does not sit out its poll."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("services.intake.memory.receipts._POLL_SECONDS", 0.01)
        yield


class Bench:
    """A log, and doors that read it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.broker = MemoryBroker({RECEIVED: 3})
        self.clock = ManualClock(NOW)
        self.is_hanging = False

    @contextmanager
    def door(self, broker: MemoryBroker | None = None) -> Iterator[Receipts]:
        """One that has read all there is."""
        broker = broker or self.broker
        receipts = Receipts(broker, self.directory, "0", KEEP, self.clock)
        receipts.use_cluster(broker.cluster_id())
        receipts.start()
        try:
            yield receipts
        finally:
            receipts.stop()

    def submit(self, message_id: str, text: str = "a", hours: int = 0) -> str:
        at = NOW + timedelta(hours=hours)
        complaint_id = ids.complaint_id("web", message_id)
        event = ComplaintSubmitted(
            complaint=a_complaint(
                complaint_id=complaint_id,
                content_digest=ids.content_digest(text.encode()),
                received_at=at,
                ingested_at=at,
            )
        )
        self.write(event, complaint_id, at)
        return complaint_id

    def write(self, event: ComplaintSubmitted | ComplaintUrged, complaint_id: str, at: datetime = NOW) -> None:
        value, headers = registry.encode(
            event, event_id="e", source="/test", subject=complaint_id, time=at, traceparent=None
        )
        self.append(complaint_id, value, headers)

    def append(self, complaint_id: str, value: bytes | None, headers: list[tuple[str, bytes]]) -> None:
        producer = self.broker.producer()
        producer.send(ProducerRecord(RECEIVED, complaint_id.encode(), value, headers), lambda error: None)
        producer.flush(1)

    def read_all(self, receipts: Receipts) -> None:
        """Wait until ``receipts`` has come to the end of every partition."""
        wait_until(lambda: self._is_read(receipts), "the log to be read", timeout_seconds=20)

    def _is_read(self, receipts: Receipts) -> bool:
        read = sum(store.changelog_offset for store in dict(receipts._stores).values())
        return read == len(self.broker.records(RECEIVED))


def recall(receipts: Receipts, complaint_id: str) -> Delivered | None:
    return asyncio.run(receipts.recall(complaint_id))


def delivered(text: str, hours: int) -> Delivered:
    return Delivered(ids.content_digest(text.encode()), NOW + timedelta(hours=hours), repeated=True)


SUBMISSIONS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from(["one", "two"]), st.integers(0, 200)), max_size=12
)


@settings(max_examples=25, deadline=None)
@given(batches=st.lists(SUBMISSIONS, min_size=1, max_size=3), late=st.integers(0, 300))
def test_of_each_complaint_the_first_receipt_is_known_until_its_time_is_over(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[tuple[str, str, int]]], late: int
) -> None:
    bench, first = Bench(tmp_path_factory.mktemp("receipts")), dict[str, tuple[str, int]]()
    for batch in batches:  # each read by another process with the same files
        with bench.door() as receipts:
            for message_id, text, hours in batch:
                first.setdefault(bench.submit(message_id, text, hours), (text, hours))
            bench.read_all(receipts)
            assert {each: recall(receipts, each) for each in first} == {
                each: delivered(text, hours) for each, (text, hours) in first.items()
            }
    bench.clock.set(NOW + timedelta(hours=late))
    kept = {each for each, (_, hours) in first.items() if timedelta(hours=late - hours) < KEEP}
    with bench.door() as receipts:
        wait_until(
            lambda: {each for each in first if recall(receipts, each)} == kept,
            "what is over to be forgotten",
            timeout_seconds=20,
        )


def test_what_is_no_submission_is_passed_over(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    complaint_id = ids.complaint_id("web", "x")
    bench.write(ComplaintUrged(complaint_id=complaint_id, received_at=NOW), complaint_id)
    bench.append(complaint_id, b"{", [("ce_type", ComplaintSubmitted.event_type.encode())])
    bench.append(complaint_id, None, [])
    with bench.door() as receipts:
        bench.read_all(receipts)
        assert recall(receipts, complaint_id) is None
        bench.submit("x", "real")
        bench.read_all(receipts)
        assert recall(receipts, complaint_id) == delivered("real", 0)


def test_another_cluster_is_not_taken_for_the_one_that_was_read(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    complaint_id = bench.submit("x")
    with bench.door() as receipts:
        bench.read_all(receipts)
        receipts.use_cluster("another")
        assert recall(receipts, complaint_id) is None
        receipts.use_cluster(None)
        assert recall(receipts, complaint_id) is None
    other = MemoryBroker({RECEIVED: 3})
    with bench.door(other) as receipts:
        wait_until(lambda: receipts._stores, "the other log to be read", timeout_seconds=20)
        assert recall(receipts, complaint_id) is None


def test_a_broker_that_is_away_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.intake.memory.receipts._RETRY_SECONDS", 0.01)
    bench = Bench(tmp_path)
    cluster_id = bench.broker.cluster_id()
    complaint_id = bench.submit("x")
    bench.broker.available = False
    receipts = Receipts(bench.broker, tmp_path, "0", KEEP, bench.clock)
    receipts.use_cluster(cluster_id)
    receipts.start()
    try:
        assert recall(receipts, complaint_id) is None
        bench.broker.available = True
        bench.read_all(receipts)
        assert recall(receipts, complaint_id) == delivered("a", 0)
    finally:
        receipts.stop()


def test_a_file_that_cannot_be_read_is_no_answer_and_no_failure(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    complaint_id = bench.submit("x")
    with bench.door() as receipts:
        bench.read_all(receipts)
        for store in receipts._stores.values():
            store.close()
        assert recall(receipts, complaint_id) is None


def test_only_the_file_of_its_partition_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def note(number: int, get: Callable[[bytes], bytes | None], key: bytes) -> bytes | None:
        asked.append(number)
        return get(key)

    bench = Bench(tmp_path)
    complaint_ids = [bench.submit(str(number)) for number in range(20)]
    own = {record.key: record.partition for record in bench.broker.records(RECEIVED)}
    with bench.door() as receipts:
        bench.read_all(receipts)
        for number, store in receipts._stores.items():
            monkeypatch.setattr(store, "get", partial(note, number, store.get))
        for complaint_id in complaint_ids:
            asked.clear()
            assert recall(receipts, complaint_id) == delivered("a", 0)
            assert asked == [own[complaint_id.encode()]]


def test_while_the_files_are_written_the_event_loop_goes_on(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    complaint_id = bench.submit("x")

    async def ask(receipts: Receipts) -> Delivered | None:
        stood_still = threading.Event()

        def give_up() -> None:
            stood_still.set()
            receipts._lock.release()

        receipts._lock.acquire()
        timer = threading.Timer(5, give_up)
        timer.start()
        asked = asyncio.create_task(receipts.recall(complaint_id))
        await asyncio.sleep(0.05)
        timer.cancel()
        assert not stood_still.is_set(), "the event loop waited for the files"
        receipts._lock.release()
        return await asked

    with bench.door() as receipts:
        bench.read_all(receipts)
        assert asyncio.run(ask(receipts)) == delivered("a", 0)


def test_files_are_left_to_a_thread_that_still_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.intake.memory.receipts._LEAVE_SECONDS", 0.05)
    bench, released, is_held = Bench(tmp_path), threading.Event(), threading.Event()
    complaint_id = bench.submit("x")
    poll = MemoryConsumer.poll

    def hanging_poll(consumer: MemoryConsumer, most: int, seconds: float) -> Sequence[ConsumerRecord]:
        if bench.is_hanging:
            is_held.set()
            released.wait(20)
        return poll(consumer, most, seconds)

    monkeypatch.setattr(MemoryConsumer, "poll", hanging_poll)
    with bench.door() as receipts:
        bench.read_all(receipts)
        bench.is_hanging = True
        assert is_held.wait(20)
        stores = dict(receipts._stores)
        receipts.stop()
        assert sum(store.count() for store in stores.values()) == 1
        assert recall(receipts, complaint_id) == delivered("a", 0)
        released.set()
        receipts._thread.join(20)
        assert recall(receipts, complaint_id) is None


def test_rows_are_counted_while_nobody_else_uses_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench, is_guarded, count = Bench(tmp_path), list[bool](), PartitionStore.count
    with bench.door() as receipts:

        def noted_count(store: PartitionStore) -> int:
            is_guarded.append(receipts._lock.locked())
            return count(store)

        monkeypatch.setattr(PartitionStore, "count", noted_count)
        wait_until(lambda: is_guarded, "the rows to be counted", timeout_seconds=20)
    assert all(is_guarded)
