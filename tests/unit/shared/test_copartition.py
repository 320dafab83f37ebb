"""Every partition number has one owner, who has every input of it, however the group spreads the topics."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from shared.streaming.copartition import member_name, owned
from shared.streaming.records import TopicPartition

TOPICS = ("received", "a.updates", "b.updates")
NUMBERS = 6


def parts(topic: str, *numbers: int) -> list[TopicPartition]:
    return [TopicPartition(topic, number) for number in numbers]


def range_assignment(counts: dict[str, int], subscriptions: Sequence[tuple[str, ...]]) -> list[list[TopicPartition]]:
    """As Kafka's range assignor spreads topics over members, each topic by itself."""
    given_to: list[list[TopicPartition]] = [[] for _ in subscriptions]
    for topic, count in counts.items():
        readers = [member for member, topics in enumerate(subscriptions) if topic in topics]
        share, extra = divmod(count, len(readers)) if readers else (0, 0)
        start = 0
        for index, member in enumerate(readers):
            end = start + share + (index < extra)
            given_to[member] += parts(topic, *range(start, end))
            start = end
    return given_to


def test_an_even_assignment_is_kept_whole() -> None:
    assigned = [*parts("received", 0, 1), *parts("a.updates", 0, 1)]
    assert owned(assigned, TOPICS[:2], 2) == assigned


def test_a_topic_others_do_not_know_gives_no_right_to_their_numbers() -> None:
    assigned = [*parts("received", 0), *parts("a.updates", 0), *parts("b.updates", 0, 1, 2)]
    assert {each.partition for each in owned(assigned, TOPICS, 3)} == {0}


def test_a_new_topic_alone_is_not_enough() -> None:
    assert owned(parts("b.updates", 0, 1), TOPICS, 2) == []


def test_a_surplus_partition_is_nobodys() -> None:
    assert owned(parts("received", 11, 12), TOPICS[:1], 12) == parts("received", 11)


def test_a_surplus_partition_of_one_topic_moves_no_number_apart() -> None:
    """Two members: thirteen partitions are spread 7 and 6, twelve 6 and 6, so number 6 would be whole at neither."""
    members = range_assignment({"received": 13, "a.updates": 12}, [TOPICS[:2], TOPICS[:2]])
    first, second = ({each.partition for each in owned(given_to, TOPICS[:2], 12)} for given_to in members)
    assert (first, second) == (set(range(7)), set(range(7, 12)))


@given(
    counts=st.fixed_dictionaries({topic: st.integers(NUMBERS, NUMBERS + 4) for topic in TOPICS}),
    knows_all=st.lists(st.booleans(), min_size=1, max_size=9),
)
def test_whatever_is_added_each_number_has_one_owner_with_all_its_inputs(
    counts: dict[str, int], knows_all: list[bool]
) -> None:
    subscriptions = [TOPICS if knows else TOPICS[:2] for knows in knows_all]
    members = range_assignment(counts, subscriptions)
    own = [owned(given_to, topics, NUMBERS) for given_to, topics in zip(members, subscriptions, strict=True)]
    numbers = [sorted({place.partition for place in places}) for places in own]
    assert sorted(number for each in numbers for number in each) == list(range(NUMBERS))
    for places, topics, mine in zip(own, subscriptions, numbers, strict=True):
        assert set(places) == {TopicPartition(topic, number) for topic in topics for number in mine}


def test_the_name_changes_with_the_subscription_alone() -> None:
    assert member_name("0", TOPICS) == member_name("0", reversed(TOPICS))
    assert member_name("0", TOPICS) != member_name("0", TOPICS[:2])
    assert member_name("0", TOPICS) != member_name("1", TOPICS)
