"""Only partition numbers of which a member has every topic are its own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.streaming.copartition import member_name, whole_numbers
from shared.streaming.records import TopicPartition

TOPICS = ("received", "a.updates", "b.updates")
ASSIGNED = st.lists(st.builds(TopicPartition, st.sampled_from(TOPICS), st.integers(0, 5)), unique=True)


def parts(topic: str, *numbers: int) -> list[TopicPartition]:
    return [TopicPartition(topic, number) for number in numbers]


def test_an_even_assignment_is_kept_whole() -> None:
    assigned = [*parts("received", 0, 1), *parts("a.updates", 0, 1)]
    assert whole_numbers(assigned, TOPICS[:2]) == assigned


def test_a_topic_others_do_not_know_gives_no_right_to_their_numbers() -> None:
    assigned = [*parts("received", 0), *parts("a.updates", 0), *parts("b.updates", 0, 1, 2)]
    assert {each.partition for each in whole_numbers(assigned, TOPICS)} == {0}


def test_a_new_topic_alone_is_not_enough() -> None:
    assert whole_numbers(parts("b.updates", 0, 1), TOPICS) == []


def test_an_input_that_does_not_exist_yet_holds_nothing_up() -> None:
    assigned = [*parts("received", 3), *parts("a.updates", 3)]
    assert whole_numbers(assigned, TOPICS) == assigned


@given(ASSIGNED)
def test_what_is_kept_is_whole_and_was_given(assigned: list[TopicPartition]) -> None:
    kept = whole_numbers(assigned, TOPICS)
    assert set(kept) <= set(assigned)
    given_topics = {each.topic for each in assigned} | {"received"}
    for number in {each.partition for each in kept}:
        assert {each.topic for each in kept if each.partition == number} == given_topics


def test_the_name_changes_with_the_subscription_alone() -> None:
    assert member_name("0", TOPICS) == member_name("0", reversed(TOPICS))
    assert member_name("0", TOPICS) != member_name("0", TOPICS[:2])
    assert member_name("0", TOPICS) != member_name("1", TOPICS)
