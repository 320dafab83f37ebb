"""What the cluster has, held against what a service needs: exactly what is wrong is named, nothing else."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.bootstrap import NEEDS as INTAKE_NEEDS
from services.notifier.sending.sender import NEEDS as SENDER_NEEDS
from services.router.bootstrap import build_processor
from services.router.settings import RouterSettings
from shared.errors import BrokerUnavailable, ClusterMismatch, ClusterNotReady
from shared.events.topics import PARTITIONS, RECEIVED, department_updates_topic, recorded_partitions, state_topic
from shared.observability.metrics import REGISTRY
from shared.streaming.broker import FoundTopic, LogBounds
from shared.streaming.cluster_check import WATCH_SECONDS, ClusterCheck
from shared.streaming.cluster_needs import (
    TopicNeed,
    expected_partitions,
    find_foreign_clocks,
    find_problems,
    find_state_elsewhere,
    find_surplus,
    needs_of,
)
from shared.streaming.memory import MemoryBroker
from shared.streaming.records import ProducerRecord, TopicPartition

ROUTER_NEEDS = needs_of(build_processor(RouterSettings()))
NEEDS = {"router": ROUTER_NEEDS, "intake": INTAKE_NEEDS, "sender": SENDER_NEEDS}
STATE = state_topic("router")
EXPECTED = dict.fromkeys({need.topic for need in ROUTER_NEEDS}, PARTITIONS)


def found_for(needs: tuple[TopicNeed, ...]) -> st.SearchStrategy[dict[str, FoundTopic]]:
    """Any cluster: topics that are missing, smaller, as they should be, larger, hidden, or closed to us."""
    topic = st.builds(
        FoundTopic,
        st.sampled_from([0, 1, PARTITIONS - 1, PARTITIONS, PARTITIONS, PARTITIONS, PARTITIONS + 1, 2 * PARTITIONS]),
        may_see=st.booleans() | st.just(True),
        may_read=st.booleans() | st.just(True),
        may_write=st.booleans() | st.just(True),
    )
    return st.fixed_dictionaries({}, optional={need.topic: topic for need in needs})


def is_wrong(need: TopicNeed, found: FoundTopic | None) -> bool:
    """Said another way than in the code."""
    if found is None or not found.may_see or found.partitions not in range(PARTITIONS, 10**6):
        return True
    return (need.reads and not found.may_read) or (need.writes and not found.may_write)


@pytest.mark.parametrize("service", NEEDS)
@given(data=st.data())
def test_of_any_cluster_exactly_what_is_wrong_is_named(service: str, data: st.DataObject) -> None:
    needs = NEEDS[service]
    found = data.draw(found_for(needs))
    expected = expected_partitions(needs, found, recorded_partitions)
    problems = find_problems(needs, found, expected)
    assert [problem.topic for problem in problems] == [n.topic for n in needs if is_wrong(n, found.get(n.topic))]
    for problem in problems:
        assert problem.mend, "what a person does about it"
        assert problem.topic in str(problem)
    surplus = find_surplus(needs, found, expected)
    larger = {topic: each.partitions - PARTITIONS for topic, each in found.items() if each.partitions > PARTITIONS}
    assert {topic: sum(place.topic == topic for place in surplus) for topic in larger} == larger
    assert len(surplus) == sum(larger.values())


def test_a_router_needs_every_topic_of_every_department() -> None:
    named = {need.topic for need in ROUTER_NEEDS}
    for suffix in ("v1", "updates.v1", "dead-letters.v1"):
        assert f"departments.product-safety.{suffix}" in named
    assert {RECEIVED, STATE, "complaints.lifecycle.v1", "router.dead-letters.v1"} <= named


def test_where_nothing_is_recorded_all_go_by_the_first() -> None:
    needs = (TopicNeed("in", reads=True), TopicNeed("out", writes=True))
    found = {"in": FoundTopic(3), "out": FoundTopic(2)}
    expected = expected_partitions(needs, found, lambda _: None)
    assert expected == {"in": 3, "out": 3}
    assert [problem.topic for problem in find_problems(needs, found, expected)] == ["out"]


def test_rows_in_a_surplus_partition_of_the_state_say_that_it_was_made_with_another_number() -> None:
    empty, rows = LogBounds(0, 0), LogBounds(0, 5)
    surplus = {TopicPartition(STATE, 12): rows, TopicPartition(STATE, 13): empty, TopicPartition(RECEIVED, 12): rows}
    problems = find_state_elsewhere(ROUTER_NEEDS, EXPECTED, surplus)
    assert [(each.topic, each.found) for each in problems] == [(STATE, f"rows in {STATE}[12]")]


def test_only_topics_others_write_must_not_be_stamped_by_them() -> None:
    found = {need.topic: FoundTopic(PARTITIONS, stamped_by_writers=True) for need in ROUTER_NEEDS}
    problems = find_foreign_clocks(ROUTER_NEEDS, found)
    assert department_updates_topic("logistics") in {problem.topic for problem in problems}
    assert all(problem.topic.endswith(".updates.v1") for problem in problems)
    assert "kafka-configs.sh --alter --topic" in problems[0].mend


# ---- the look itself: when it refuses, waits and tells ---------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def check(broker: MemoryBroker, clock: Clock, patience_seconds: float = 20) -> ClusterCheck:
    needs = (TopicNeed("in", reads=True), TopicNeed("state", keeps_state=True), TopicNeed("out", writes=True))
    return ClusterCheck(broker, "counter", needs, patience_seconds, clock)


def test_a_topic_that_is_missing_is_waited_for_and_then_the_process_ends() -> None:
    clock = Clock()
    looking = check(MemoryBroker({"in": 2, "state": 2}), clock)
    with pytest.raises(ClusterNotReady, match=r"out: expected a topic with 2 partitions, found no such topic"):
        looking.require()
    clock.now += 19
    with pytest.raises(ClusterNotReady):
        looking.require()
    clock.now += 1
    with pytest.raises(ClusterMismatch, match="out: ") as refusal:
        looking.require()
    assert refusal.value.exit_code == 78
    assert looking.problem is not None


def test_a_topic_that_comes_in_time_ends_the_wait() -> None:
    clock, broker = Clock(), MemoryBroker({"in": 2, "state": 2})
    looking = check(broker, clock)
    with pytest.raises(ClusterNotReady):
        looking.require()
    looking._broker = MemoryBroker({"in": 2, "state": 2, "out": 2})
    clock.now += 5
    looking.require()
    assert looking.problem is None
    clock.now += 100
    looking._broker = broker
    with pytest.raises(ClusterNotReady):  # what vanishes later is waited for as long
        looking.require()


def test_a_cluster_that_does_not_answer_is_no_verdict() -> None:
    broker = MemoryBroker({"in": 2})
    broker.available = False
    looking = check(broker, Clock(), patience_seconds=0)
    with pytest.raises(BrokerUnavailable) as silence:
        looking.require()
    assert not isinstance(silence.value, ClusterNotReady)
    looking.watch()
    assert looking.problem is None


def test_a_silence_after_an_answer_is_no_verdict_either() -> None:
    clock, broker = Clock(), MemoryBroker({"in": 2, "state": 2, "out": 2})
    looking = check(broker, clock)
    looking.require()
    broker.available = False
    clock.now += WATCH_SECONDS
    looking.watch()
    assert looking.problem is None


class SlowBroker(MemoryBroker):
    """Answers the watch's thread with what there was when it asked, and only when it is told to."""

    def __init__(self, topics: dict[str, int]) -> None:
        super().__init__(topics)
        self.asked, self.answering = threading.Event(), threading.Event()

    def describe(self, topics: Sequence[str]) -> dict[str, FoundTopic]:
        if threading.current_thread().name != "watch":
            return super().describe(topics)
        self.asked.set()
        assert self.answering.wait(10)
        return super().describe(topics) | {"out": FoundTopic(0)}


def test_a_slow_answer_to_the_watch_holds_up_nobody_and_does_not_replace_a_younger_one() -> None:
    clock, broker = Clock(), SlowBroker({"in": 2, "state": 2, "out": 2})
    looking = check(broker, clock)
    looking.require()
    clock.now += WATCH_SECONDS
    watching = threading.Thread(target=looking.watch, name="watch")
    watching.start()
    assert broker.asked.wait(10)
    clock.now += 1
    looking.require()
    broker.answering.set()
    watching.join(10)
    assert not watching.is_alive()
    assert looking.problem is None
    clock.now += WATCH_SECONDS
    watching = threading.Thread(target=looking.watch, name="watch")
    watching.start()
    watching.join(10)
    assert "out: " in str(looking.problem)


def test_what_a_surplus_partition_holds_is_counted() -> None:
    clock, broker = Clock(), MemoryBroker({"in": 3, "state": 2, "out": 2}, surplus={"in": 1})
    looking = check(broker, clock)
    looking.require()
    assert looking.partitions == 2
    assert REGISTRY.get_sample_value("complaintbus_surplus_partitions", {"topic": "in"}) == 1
    assert REGISTRY.get_sample_value("complaintbus_surplus_partition_records", {"topic": "in"}) == 0
    broker.producer().send(ProducerRecord("in", b"k", b"v", [], 2), lambda _: None)
    clock.now += 15
    looking.watch()
    assert REGISTRY.get_sample_value("complaintbus_surplus_partition_records", {"topic": "in"}) == 1


def test_state_made_with_more_partitions_is_refused() -> None:
    broker = MemoryBroker({"in": 2, "state": 3, "out": 2}, surplus={"state": 1})
    broker.producer().send(ProducerRecord("state", b"k", b"v", [], 2), lambda _: None)
    with pytest.raises(ClusterMismatch, match="made with more partitions"):
        check(broker, Clock(), patience_seconds=0).require()
