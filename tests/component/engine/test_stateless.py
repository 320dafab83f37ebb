"""A processor that remembers nothing runs by the rules of all others: no changelog, and topics of any size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.samples.urge_relay.processor import UrgeRelay
from shared.clock import ManualClock
from shared.errors import ClusterMismatch, TransactionDoubt
from shared.events import topics
from shared.events.ids import event_id
from shared.events.registry import decode
from shared.processing import Emit, Message, Refusal
from shared.settings import KafkaSettings
from shared.streaming.engine_settings import EngineSettings, ProcessorSettings
from shared.streaming.loop import ProcessorLoop
from shared.streaming.memory import MemoryBroker
from tests.component.engine.harness import START, Faults, FaultyBroker, urge, withdraw, write_raw

REPOSITORY = Path(__file__).parents[3]
SAMPLE = REPOSITORY / "deploy" / "samples" / "urge_relay"
LETTERS = topics.dead_letter_topic(UrgeRelay.name)
SIZES = {topics.RECEIVED: 2, topics.LIFECYCLE: 5, "urges.v1": 3, LETTERS: 1}
"""Of four sizes, and no changelog."""


class TwoInputs(UrgeRelay):
    """Reads a topic of another size, too."""

    input_topics = (topics.RECEIVED, topics.LIFECYCLE)


class Refusing(UrgeRelay):
    """Says no to every record."""

    def handle(self, message: Message, now: datetime) -> Sequence[Emit] | Refusal:
        return Refusal("not_wanted", "this one wants nothing")


@pytest.fixture
def cluster() -> MemoryBroker:
    return MemoryBroker(SIZES)


class Relay:
    """One process of a relay."""

    def __init__(
        self, cluster: MemoryBroker, directory: Path, processor: UrgeRelay | None = None, instance: str = "0"
    ) -> None:
        self.faults = Faults()
        self.directory = directory
        self.broker = FaultyBroker(cluster, self.faults)
        settings = ProcessorSettings(
            instance_id=instance,
            state_dir=directory,
            engine=EngineSettings(poll_seconds=0.001, max_records=4),
            kafka=KafkaSettings(missing_patience_seconds=0),
        )
        broker: Any = self.broker
        self.loop = ProcessorLoop(processor or TwoInputs(), broker, ManualClock(START), settings)

    def run(self, passes: int = 8) -> None:
        for _ in range(passes):
            self.loop.run_once()


def passed_on(cluster: MemoryBroker) -> list[str]:
    """``ce_id`` of everything that was passed on."""
    return [decode(record.headers, record.value)[0].id for record in cluster.records("urges.v1")]


def ids(*numbers: int) -> list[str]:
    return [event_id(f"urge-{number}", "urge-relay") for number in numbers]


def test_it_passes_on_what_it_is_for_and_keeps_no_file(cluster: MemoryBroker, tmp_path: Path) -> None:
    relay = Relay(cluster, tmp_path)
    urge(cluster, 1)
    withdraw(cluster, START + timedelta(hours=1))
    urge(cluster, 2)
    relay.run()
    assert passed_on(cluster) == ids(1, 2)
    assert relay.loop.is_ready
    assert relay.loop.problem is None
    assert not list(tmp_path.rglob("*.sqlite"))


def test_what_it_cannot_read_or_refuses_is_a_dead_letter_of_the_same_transaction(
    cluster: MemoryBroker, tmp_path: Path
) -> None:
    write_raw(cluster, b"no JSON", [])
    urge(cluster, 1)
    Relay(cluster, tmp_path, Refusing()).run()
    reasons = [dict(letter.headers)["dlq_reason"].decode() for letter in cluster.records(LETTERS)]
    assert len(reasons) == 2
    assert reasons[1] == "not_wanted"
    assert passed_on(cluster) == []


@pytest.mark.parametrize("step", ["before_flush", "before_offsets", "before_commit", "after_commit"])
def test_a_doubt_at_any_step_loses_and_doubles_nothing(cluster: MemoryBroker, tmp_path: Path, step: str) -> None:
    relay = Relay(cluster, tmp_path)
    setattr(relay.faults, step, failing_once())
    for number in range(10):
        urge(cluster, number)
    relay.run(20)
    assert passed_on(cluster) == ids(*range(10))
    assert relay.broker.producers_made == 2


@pytest.mark.parametrize("step", ["before_flush", "before_offsets", "before_commit", "after_commit"])
def test_whoever_comes_after_a_killed_one_goes_on_where_it_committed(
    cluster: MemoryBroker, tmp_path: Path, step: str
) -> None:
    killed = Relay(cluster, tmp_path / "a")
    for number in range(10):
        urge(cluster, number)
    setattr(killed.faults, step, failing_once(SystemExit()))
    with pytest.raises(SystemExit):
        killed.run()
    Relay(cluster, tmp_path / "b").run(20)
    assert passed_on(cluster) == ids(*range(10))


def test_two_members_share_the_partitions_as_they_were_given_them(cluster: MemoryBroker, tmp_path: Path) -> None:
    relays = [Relay(cluster, tmp_path / name, instance=name) for name in ("a", "b")]
    for _ in range(6):
        for relay in relays:
            relay.run(1)
    for number in range(4):
        urge(cluster, number)
    for relay in relays:
        relay.run()
    assert passed_on(cluster) == ids(0, 1, 2, 3)
    assert all(relay.loop.is_ready for relay in relays)


def test_a_topic_that_is_missing_is_told_and_a_changelog_is_not_missed(tmp_path: Path) -> None:
    relay = Relay(MemoryBroker({name: size for name, size in SIZES.items() if name != "urges.v1"}), tmp_path)
    with pytest.raises(ClusterMismatch, match=r"urges\.v1"):
        relay.run()


def test_the_page_shows_the_sample_as_it_is_and_the_sample_is_small() -> None:
    files = sorted(SAMPLE.glob("*.py"))
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    assert len(files) <= 3
    assert len(lines) <= 40
    page = (REPOSITORY / "docs" / "processors.md").read_text(encoding="utf-8")
    assert f"```python\n{(SAMPLE / 'processor.py').read_text(encoding='utf-8')}```" in page


def failing_once(error: BaseException | None = None) -> Callable[[], None]:
    """A fault that happens the first time only."""
    pending = [error or TransactionDoubt("a fault of this test")]

    def fault() -> None:
        if pending:
            raise pending.pop()

    return fault
