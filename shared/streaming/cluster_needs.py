"""What a service needs of the cluster, held against what the cluster has: a pure comparison.

Every problem names the topic, what is expected, what was found, and the command that mends it. A partition more than
the bus reckons with is no problem, as long as no state was made with it: nothing of ours is written there
(``docs/decisions/0011``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from shared.events.topics import dead_letter_topic, is_written_by_outsiders, state_topic
from shared.processing import Processor, Stateless, StateT
from shared.streaming.broker import FoundTopic, LogBounds
from shared.streaming.records import TopicPartition

_CREATE = "create it: python -m deploy.topics"
_NOT_THERE = FoundTopic(0)


class TopicNeed(NamedTuple):
    """What is done with a topic. ``keeps_state``: its rows are the state, partition by partition.

    ``any_size``: its number of partitions has nothing to do with that of the others.
    """

    topic: str
    reads: bool = False
    writes: bool = False
    keeps_state: bool = False
    any_size: bool = False


class Problem(NamedTuple):
    """One thing that is not as needed; ``mend`` is what a person does about it."""

    topic: str
    expected: str
    found: str
    mend: str

    def __str__(self) -> str:
        return f"{self.topic}: expected {self.expected}, found {self.found}; {self.mend}"


def needs_of(processor: Processor[StateT]) -> tuple[TopicNeed, ...]:
    """What the engine does with topics for this processor; the first need is the input whose owner owns a number."""
    letters = {processor.dead_letter_topic(topic) for topic in processor.input_topics}
    written = sorted({*processor.output_topics, *letters, dead_letter_topic(processor.name)})
    alone = isinstance(processor, Stateless)
    state = TopicNeed(state_topic(processor.name), reads=True, writes=True, keeps_state=True)
    return (
        *(TopicNeed(topic, reads=True, any_size=alone) for topic in processor.input_topics),
        *(() if alone else (state,)),
        *(TopicNeed(topic, writes=True, any_size=alone) for topic in written),
    )


def expected_partitions(
    needs: Sequence[TopicNeed], found: Mapping[str, FoundTopic], recorded: Callable[[str], int | None]
) -> dict[str, int]:
    """By topic: what is recorded; where nothing is, as many as the first topic has: all are used number by number.

    One of any size is as it was found.
    """
    first = needs[0].topic
    otherwise = recorded(first) or found.get(first, _NOT_THERE).partitions or 1

    def expected(need: TopicNeed) -> int:
        as_found = found.get(need.topic, _NOT_THERE).partitions if need.any_size else 0
        return recorded(need.topic) or as_found or otherwise

    return {need.topic: expected(need) for need in needs}


def find_problems(
    needs: Iterable[TopicNeed], found: Mapping[str, FoundTopic], expected: Mapping[str, int]
) -> list[Problem]:
    """Topics that are missing, have too few partitions, or may not be used; in the order of ``needs``."""
    problems = [_problem(need, found.get(need.topic, _NOT_THERE), expected[need.topic]) for need in needs]
    return [problem for problem in problems if problem is not None]


def _problem(need: TopicNeed, found: FoundTopic, expected: int) -> Problem | None:
    topic = need.topic
    if not found.may_see:
        return Problem(topic, f"the right to {_use(need)} it", "none, not even to see whether it is there", _acl(need))
    if found.partitions == 0:
        return Problem(topic, f"a topic with {expected} partitions", "no such topic", _CREATE)
    if found.partitions < expected:
        return Problem(topic, f"{expected} partitions", str(found.partitions), _make_anew(topic))
    lacking = TopicNeed(topic, need.reads and not found.may_read, need.writes and not found.may_write)
    if lacking.reads or lacking.writes:
        return Problem(topic, f"the right to {_use(lacking)} it", "none", _acl(lacking))
    return None


def find_surplus(
    needs: Iterable[TopicNeed], found: Mapping[str, FoundTopic], expected: Mapping[str, int]
) -> list[TopicPartition]:
    """Partitions beyond those the bus reckons with: nobody of ours writes or reads them."""
    return [
        TopicPartition(need.topic, number)
        for need in needs
        for number in range(expected[need.topic], found.get(need.topic, _NOT_THERE).partitions)
    ]


def find_state_elsewhere(
    needs: Iterable[TopicNeed], expected: Mapping[str, int], surplus: Mapping[TopicPartition, LogBounds]
) -> list[Problem]:
    """State topics with rows where nobody looks: they were made with another number of partitions."""
    state = {need.topic for need in needs if need.keeps_state}
    held = sorted(place for place, bounds in surplus.items() if place.topic in state and bounds.end > bounds.start)
    mend = (
        "this state was made with more partitions, so its keys belong elsewhere now: run the version that made it, "
        "or delete the topic and the group's offsets and let it be made anew"
    )
    return [
        Problem(place.topic, f"{expected[place.topic]} partitions with rows", f"rows in {place}", mend)
        for place in held
    ]


def find_foreign_clocks(needs: Iterable[TopicNeed], found: Mapping[str, FoundTopic]) -> list[Problem]:
    """Topics others write, where their clock says when the broker may delete a record. No reason to refuse."""
    return [
        Problem(
            need.topic,
            "message.timestamp.type=LogAppendTime",
            "CreateTime: records its writer stamps wrongly are deleted unread",
            f"kafka-configs.sh --alter --topic {need.topic} --add-config message.timestamp.type=LogAppendTime",
        )
        for need in needs
        if is_written_by_outsiders(need.topic) and found.get(need.topic, _NOT_THERE).stamped_by_writers
    ]


def _use(need: TopicNeed) -> str:
    return " and ".join(use for use, is_wanted in (("read", need.reads), ("write", need.writes)) if is_wanted)


def _acl(need: TopicNeed) -> str:
    uses = (("Read", need.reads), ("Write", need.writes))
    operations = " ".join(f"--operation {name}" for name, is_wanted in uses if is_wanted)
    return f"kafka-acls.sh --add --allow-principal User:<this service's user> {operations} --topic {need.topic}"


def _make_anew(topic: str) -> str:
    return (
        f"while nothing is on it, kafka-topics.sh --delete --topic {topic} and python -m deploy.topics; what is on it "
        "already was placed by the smaller number and must be written anew"
    )
