"""The table of what a department may report when, cell by cell through the real reducer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.cli.bus.kafka_access import partition_of as kafka_pythons_partition_of
from services.router.domain.case import AssignmentStatus, CaseStatus
from services.router.domain.refusals import EXPLANATIONS, Reason
from services.router.domain.transitions import TRANSITIONS
from services.router.processor import RouterProcessor
from shared.events.departments import Action, DepartmentUpdate
from shared.events.envelope import Envelope
from shared.events.lifecycle import ComplaintHeld
from shared.events.received import ComplaintUrged
from shared.events.topics import department_updates_topic
from shared.processing import Message
from shared.streaming.kafka.key_partition import partition_of_key
from shared.streaming.records import ConsumerRecord
from tests.unit.router.case_builders import COMPLAINT_ID, OFFICE, RECEIVED_AT, RESOLUTION, Router

LEAD = "after-sales"

# What the lead did before, what it reports now, and what is added to the log or why it is refused.
CELLS: list[tuple[tuple[str, ...], str, list[str] | str]] = [
    ((), "accept", ["accepted"]),
    ((), "contact", ["accepted", "contacted"]),
    ((), "progress", ["accepted", "progressed"]),
    ((), "return", ["returned", "dispatched"]),
    ((), "resolve", ["accepted", "assignment_resolved"]),
    ((), "hold", "not_accepted"),
    ((), "resume", "not_on_hold"),
    ((), "call_back", "not_resolved"),
    (("accept",), "accept", "already_accepted"),
    (("accept",), "contact", ["contacted"]),
    (("accept",), "progress", ["progressed"]),
    (("accept",), "return", ["returned", "dispatched"]),
    (("accept",), "resolve", ["assignment_resolved"]),
    (("accept",), "hold", ["held"]),
    (("accept",), "resume", "not_on_hold"),
    (("accept",), "call_back", "not_resolved"),
    (("progress",), "accept", "already_accepted"),
    (("progress",), "return", ["returned", "dispatched"]),
    (("contact",), "accept", "already_accepted"),
    (("contact",), "contact", ["contacted"]),
    (("contact",), "progress", ["progressed"]),
    (("contact",), "return", "already_contacted"),
    (("contact",), "resolve", ["assignment_resolved"]),
    (("contact",), "hold", ["held"]),
    (("contact",), "call_back", "not_resolved"),
    (("contact", "progress"), "return", "already_contacted"),
    (("accept", "hold"), "hold", "already_on_hold"),
    (("accept", "hold"), "resume", ["resumed"]),
    (("accept", "hold"), "contact", ["contacted"]),
    (("accept", "hold"), "progress", ["progressed"]),
    (("accept", "hold"), "resolve", ["resumed", "assignment_resolved"]),
    (("accept", "hold"), "return", ["resumed", "returned", "dispatched"]),
    (("accept", "hold", "resume"), "resume", "not_on_hold"),
    (("accept", "hold", "resume"), "hold", ["held"]),
    *((("resolve",), action, "already_resolved") for action in Action if action is not Action.CALL_BACK),
    (("resolve",), "call_back", "not_resolved"),  # the co-handler is not done yet
]


def cell_id(value: tuple[str, ...] | list[str] | str) -> str:
    """``accept+hold`` for what was done before, ``dispatched`` for nothing."""
    return value if isinstance(value, str) else "+".join(value) or "dispatched"


def report(router: Router, department: str, action: str) -> None:
    """A complete, well-formed update."""
    router.update(
        department,
        action,
        reason="some_reason",
        resolution=RESOLUTION if action == "resolve" else None,
    )


@pytest.mark.parametrize(
    ("before", "action", "expected"),
    CELLS,
    ids=lambda value: value if isinstance(value, str) else "+".join(value) or "dispatched",
)
def test_the_lead_reports(before: tuple[str, ...], action: str, expected: list[str] | str) -> None:
    router = Router(lead=LEAD, co_handlers=("quality",))
    router.submit()
    for step in before:
        report(router, LEAD, step)
        assert router.refused is None
    known, told, state = len(router.log), len(router.told), router.state
    report(router, LEAD, action)
    if isinstance(expected, str):
        assert router.refused == expected
        assert (len(router.log), len(router.told), router.state) == (known, told, state)
    else:
        assert router.refused is None
        assert router.last(len(router.log) - known) == expected


def test_every_status_with_a_part_in_the_case_judges_every_action() -> None:
    assert set(TRANSITIONS) == set(AssignmentStatus) - {AssignmentStatus.RETURNED, AssignmentStatus.CANCELLED}
    assert all(set(row) == set(Action) for row in TRANSITIONS.values())


def test_every_reason_is_explained_in_both_languages() -> None:
    assert set(EXPLANATIONS) == set(Reason)
    assert all(english.isascii() and not chinese.isascii() for english, chinese in EXPLANATIONS.values())


@pytest.mark.parametrize("action", ["return", "hold"])
def test_return_and_hold_need_a_reason(action: str) -> None:
    router = Router()
    router.submit()
    router.update(LEAD, "accept")
    router.update(LEAD, action)
    assert router.refused == "reason_required"


def test_the_lead_resolves_with_a_resolution_a_co_handler_may_without() -> None:
    router = Router(co_handlers=("quality",))
    router.submit()
    router.update(LEAD, "resolve")
    assert router.refused == "resolution_required"
    router.update("quality", "resolve")
    assert router.last(2) == ["accepted", "assignment_resolved"]


def test_a_department_without_a_part_is_refused() -> None:
    router = Router()
    router.submit()
    router.update("legal", "accept")
    assert router.refused == "no_assignment"


def test_a_department_is_known_by_its_topic_and_cannot_speak_for_consumers() -> None:
    router = Router()
    router.submit()
    event = ComplaintUrged(complaint_id=COMPLAINT_ID, received_at=RECEIVED_AT)
    router.feed(department_updates_topic(LEAD), event)
    assert router.refused == "unexpected_type"


def test_an_update_of_an_unknown_case_names_the_likely_cause() -> None:
    router = Router()
    step = router.update(LEAD, "accept")
    assert router.refused == "unknown_case"
    assert step.refusal is not None
    assert "complaint_id" in step.refusal.detail
    assert step.state is None


@pytest.mark.parametrize("partition", range(12))
def test_a_record_in_another_partition_than_its_keys_is_told_what_to_set(partition: int) -> None:
    """As the default partitioners of librdkafka and of Go's clients place it."""
    router = Router()
    router.processor = RouterProcessor(OFFICE, router._assess, partition_of_key)
    topic, key = department_updates_topic(LEAD), COMPLAINT_ID.encode()
    update = DepartmentUpdate(complaint_id=COMPLAINT_ID, action="accept", happened_at=RECEIVED_AT)
    envelope = Envelope("u-1", update.event_type, "/test", COMPLAINT_ID, RECEIVED_AT, None)
    record = ConsumerRecord(topic, partition, 0, key, b"", [], 0)
    step = router.processor.reduce(None, Message(topic, envelope, update, record), RECEIVED_AT)
    assert step.refusal is not None
    belongs = partition == kafka_pythons_partition_of(key, 12)
    assert step.refusal.reason == ("unknown_case" if belongs else "wrong_partition")
    assert ("murmur2_random" in step.refusal.detail) is not belongs


@pytest.mark.parametrize("action", ["", "finish", "ACCEPT"])
def test_an_unknown_action_is_refused(action: str) -> None:
    router = Router()
    router.submit()
    router.update(LEAD, action)
    assert router.refused == "unknown_action"


def test_an_update_whose_key_is_another_case_is_refused() -> None:
    router = Router()
    router.submit()
    update = DepartmentUpdate(complaint_id="another", action="accept", happened_at=RECEIVED_AT)
    router.feed(department_updates_topic(LEAD), update)
    assert router.refused == "key_mismatch"


@pytest.mark.parametrize(
    ("complaint_id", "said"),
    [("another", "The key is not complaint_id"), (COMPLAINT_ID.upper(), "upper and lower case only")],
)
def test_how_key_and_complaint_id_differ_is_told_in_both_languages(complaint_id: str, said: str) -> None:
    envelope = Envelope("u-1", "assignment.updated.v1", "/departments/test", COMPLAINT_ID, RECEIVED_AT)
    update = DepartmentUpdate(complaint_id=complaint_id, action="accept", happened_at=RECEIVED_AT)
    message = Message(department_updates_topic(LEAD), envelope, update)
    refusal = Router().processor.reduce(None, message, RECEIVED_AT).refusal
    assert refusal is not None
    assert said in refusal.detail
    assert "请更正后重发" in refusal.detail


def test_the_same_update_twice_is_refused_as_a_duplicate_and_changes_nothing() -> None:
    router = Router()
    router.submit()
    router.update(LEAD, "progress", record_id="u-1")
    router.update(LEAD, "progress", record_id="u-1")
    assert router.refused == "duplicate_update"
    assert router.last() == ["progressed"]
    router.update(LEAD, "progress", record_id="u-2")
    assert router.refused is None


def test_a_refused_update_may_be_sent_again_under_its_own_id() -> None:
    router = Router()
    router.submit()
    router.update(LEAD, "hold", record_id="u-1", reason="parts")
    assert router.refused == "not_accepted"
    router.update(LEAD, "accept")
    router.update(LEAD, "hold", record_id="u-1", reason="parts")
    assert router.refused is None


def test_departments_do_not_use_up_each_others_update_ids() -> None:
    router = Router(co_handlers=("legal",))
    router.submit()
    router.update(LEAD, "accept", record_id="1")
    router.update("legal", "accept", record_id="1")
    assert router.refused is None
    assert len({emit.event_id for emit in router.emits}) == len(router.emits)


def test_what_is_remembered_of_updates_stays_small() -> None:
    router = Router()
    router.submit()
    for number in range(40):
        router.update(LEAD, "progress", record_id=f"{number}-" + "x" * 10_000)
    assert sum(map(len, router.state.recent_inputs)) == 16 * 16
    router.update(LEAD, "progress", record_id="24-" + "x" * 10_000)
    assert router.refused == "duplicate_update"


# -- when it happened ----------------------------------------------------------------------------------------------

MINUTES_5 = timedelta(minutes=5)
SECOND = timedelta(seconds=1)


def _hour_later() -> Router:
    router = Router()
    router.submit()
    router.now = RECEIVED_AT + timedelta(hours=1)
    return router


TIMES: list[tuple[timedelta, str | timedelta]] = [
    (timedelta(minutes=20), timedelta(minutes=20)),
    (timedelta(0), timedelta(0)),
    (-MINUTES_5, timedelta(0)),
    (-MINUTES_5 - SECOND, "before_cycle"),
    (timedelta(hours=1), timedelta(hours=1)),
    (timedelta(hours=1) + MINUTES_5, timedelta(hours=1)),
    (timedelta(hours=1) + MINUTES_5 + SECOND, "future_time"),
    (-timedelta(days=700_000), "before_cycle"),
    (timedelta(days=2_000_000), "future_time"),
]


@pytest.mark.parametrize(("claimed", "expected"), TIMES, ids=str)
def test_a_reported_time_lies_between_receipt_and_now(claimed: timedelta, expected: str | timedelta) -> None:
    router = _hour_later()
    router.update(LEAD, "accept", happened_at=RECEIVED_AT + claimed)
    if isinstance(expected, str):
        assert router.refused == expected
    else:
        assert router.log[-1].happened_at == RECEIVED_AT + expected


def test_work_of_an_earlier_cycle_cannot_stop_the_clocks_of_the_next() -> None:
    router = _hour_later()
    router.resolve(LEAD)
    router.answer(solved=False)
    assert router.status is CaseStatus.OPEN
    router.update(LEAD, "contact", happened_at=RECEIVED_AT + timedelta(minutes=30))
    assert router.refused == "before_cycle"


def test_a_hold_begins_when_it_is_reported_give_or_take_what_a_clock_may_be_off() -> None:
    router = _hour_later()
    router.update(LEAD, "accept")
    router.update(LEAD, "hold", reason="parts", happened_at=RECEIVED_AT + timedelta(minutes=1))
    entry = router.log[-1]
    assert isinstance(entry, ComplaintHeld)
    assert (entry.happened_at, entry.reported_at) == (router.now - MINUTES_5, router.now)
    assert entry.claimed_at == RECEIVED_AT + timedelta(minutes=1)


@pytest.mark.parametrize("ago", [timedelta(0), MINUTES_5])
def test_a_hold_reported_in_time_begins_as_claimed(ago: timedelta) -> None:
    router = _hour_later()
    router.update(LEAD, "accept")
    router.update(LEAD, "hold", reason="parts", happened_at=router.now - ago)
    entry = router.log[-1]
    assert isinstance(entry, ComplaintHeld)
    assert (entry.happened_at, entry.claimed_at) == (router.now - ago, None)


def test_a_hold_right_after_the_receipt_does_not_begin_before_it() -> None:
    router = Router()
    router.submit()
    router.update(LEAD, "accept")
    router.update(LEAD, "hold", reason="parts", happened_at=RECEIVED_AT - SECOND)
    assert router.log[-1].happened_at == RECEIVED_AT
