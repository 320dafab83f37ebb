"""A story stands in the order in which one thing followed another; what a clock says against it is said, not obeyed."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.cli.trace.order import in_order
from services.cli.trace.story import tell_story
from shared.events import ids, topics
from shared.events.base import Event
from shared.events.departments import DepartmentUpdate
from shared.events.lifecycle import AssignmentAccepted
from shared.streaming.records import ConsumerRecord
from tests.unit.cli.records import CASE, NOW, assignment, dispatched, queued, record, registered, submitted

QUEUE = topics.department_topic("quality")
UPDATES = topics.department_updates_topic("quality")
JOURNEY = ["submitted", "registered", "dispatched", "assignment", "updated", "accepted"]


def at(seconds: float, topic: str, event: Event, event_id: str | None = None, offset: int = 0) -> ConsumerRecord:
    """A record that bears a time so many seconds after NOW, written at some other time."""
    made = record(topic, event, event_id=event_id, timestamp_ms=7)
    time = (NOW + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")[:-6].encode() + b"Z"
    headers = [(name, time if name == "ce_time" else value) for name, value in made.headers]
    return made._replace(headers=headers, offset=offset)


def accepted(cause: str, sequence: int = 4) -> tuple[Event, str]:
    """The router's entry about a department's update with this id."""
    event = AssignmentAccepted(
        complaint_id=CASE, ticket_number="t", cycle=1, sequence=sequence, happened_at=NOW,
        department="quality", assignment_id="a",
    )  # fmt: skip
    return event, ids.event_id(cause, event.event_type, f"{CASE}/{sequence}")


def journey(door: float, router: float, department: float) -> list[ConsumerRecord]:
    """A case a step a second, each writer's clock off by so many seconds."""
    update = DepartmentUpdate(complaint_id=CASE, action="accept", happened_at=NOW)
    return [
        at(door, topics.RECEIVED, submitted()),
        at(router + 1, topics.LIFECYCLE, registered(), offset=0),
        at(router + 2, topics.LIFECYCLE, dispatched(assignment()), offset=1),
        at(router + 2, QUEUE, queued()),
        at(department + 3, UPDATES, update, "update-1"),
        at(router + 4, topics.LIFECYCLE, *accepted("update-1"), offset=2),
    ]


def names(records: list[ConsumerRecord]) -> list[str]:
    parts = [step.event_type.split(".") for step in tell_story(records)]
    return [part[1] if part[0] != "assignment" or part[1] == "updated" else part[0] for part in parts]


def test_rows_stand_by_the_time_they_bear_and_not_by_when_kafka_got_them() -> None:
    """The case log of a batch reaches Kafka together, later than the clocks that run in between."""
    first, second = at(0.901, topics.RECEIVED, submitted()), at(0.905, topics.LIFECYCLE, registered())
    steps = tell_story([second._replace(timestamp_ms=1), first._replace(timestamp_ms=2)])
    assert [step.time for step in steps] == sorted(step.time for step in steps)


_SKEWS = st.floats(-100_000, 100_000).map(lambda seconds: round(seconds, 3))


@given(_SKEWS, _SKEWS, _SKEWS, st.randoms(use_true_random=False))
def test_whatever_the_clocks_say_what_followed_stands_below(
    door: float, router: float, dept: float, mix: object
) -> None:
    records = journey(door, router, dept)
    mix.shuffle(records)  # type: ignore[attr-defined]
    assert names(records) == JOURNEY


@given(_SKEWS, _SKEWS, _SKEWS)
def test_a_time_earlier_than_one_above_is_explained_and_nothing_else_is(
    door: float, router: float, dept: float
) -> None:
    placed = in_order(journey(door, router, dept))
    latest = None
    for each in placed:
        assert (latest is not None and each.at < latest) <= (each.note is not None)
        latest = each.at if latest is None else max(latest, each.at)
    borne = [datetime.fromisoformat(each.headers["ce_time"]) for each in placed]
    if all(earlier <= later for earlier, later in pairwise(borne)):
        assert [each.note for each in placed] == [None] * 6


@given(st.lists(st.floats(0, 1000), min_size=2, max_size=30))
def test_within_a_topic_the_offset_decides(seconds: list[float]) -> None:
    records = [at(each, topics.SLA_EVENTS, registered(), offset=n) for n, each in enumerate(seconds)]
    placed = in_order(reversed(records))
    assert [each.record.offset for each in placed] == list(range(len(seconds)))


@given(
    st.lists(st.tuples(st.sampled_from([topics.SLA_EVENTS, topics.NOTIFICATION_EVENTS]), st.floats(0, 9)), max_size=9)
)
def test_with_clocks_in_step_a_story_is_in_time_order_without_a_note(given: list[tuple[str, float]]) -> None:
    given = sorted(given, key=lambda each: each[1])
    records = [at(seconds, topic, registered(), offset=n) for n, (topic, seconds) in enumerate(given)]
    steps = tell_story(records)
    assert [step.time for step in steps] == sorted(step.time for step in steps)
    assert not [step for step in steps if step.note]


def test_a_clock_that_is_ahead_is_named_with_how_far() -> None:
    steps = tell_story(journey(0, 0, 3600))
    assert [step.note for step in steps][4] == "its clock is ahead: 3599 s later than what the router made of it"
    assert "3599 s" in steps[4].facts_text()
    assert steps[4].as_json()["note"] == steps[4].note
    assert "note" not in steps[3].as_json()


def test_a_dead_letter_stands_where_it_was_put_aside_and_bears_that_time() -> None:
    update = DepartmentUpdate(complaint_id=CASE, action="accept", happened_at=NOW)
    origin = at(3, UPDATES, update)
    letter = at(3, topics.department_dead_letter_topic("quality"), update)
    put_aside = {"dlq_topic": UPDATES, "dlq_partition": "0", "dlq_offset": "0", "dlq_at": "2026-03-02T02:00:09.000Z"}
    letter = letter._replace(headers=[*letter.headers, *((name, text.encode()) for name, text in put_aside.items())])
    between = at(6, topics.SLA_EVENTS, registered())
    steps = tell_story([letter, between, origin])
    assert [step.topic for step in steps] == [UPDATES, topics.SLA_EVENTS, letter.topic]
    assert steps[-1].time == put_aside["dlq_at"]


def test_letters_that_name_one_another_are_told_all_the_same() -> None:
    odd = [("dlq_topic", b"router.dead-letters.v1"), ("dlq_partition", b"0")]
    first, second = (at(0, "router.dead-letters.v1", registered(), offset=number) for number in (0, 1))
    loop = [
        first._replace(headers=[*first.headers, *odd, ("dlq_offset", b"1")]),
        second._replace(headers=[*second.headers, *odd, ("dlq_offset", b"0")]),
    ]
    assert len(tell_story(loop)) == 2


@given(st.sampled_from([b"", b"yesterday", b"2026-03-02T10:00:00", b"0001-01-01T00:00:00+14:00", b"\xff"]))
def test_a_time_that_is_none_leaves_the_records_own(text: bytes) -> None:
    odd = at(0, topics.RECEIVED, submitted())
    odd = odd._replace(headers=[(name, text if name == "ce_time" else value) for name, value in odd.headers])
    (step,) = tell_story([odd._replace(timestamp_ms=2**60)])
    assert step.written_at.year == 1970
