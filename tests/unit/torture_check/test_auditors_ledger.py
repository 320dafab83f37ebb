"""The auditor's verdict must equal the checker's: of every complaint the same holes, and every column the same sum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.auditor.domain.ledger import ENTRIES
from shared.events import topics
from tests.torture.check.findings import RuleResult
from tests.torture.check.oracle_ledger import account_of, columns_of, holes_of
from tests.torture.check.verdict import judge
from tests.unit.torture_check.sound_run import DANGER, DANGER_ID, SOLVED_ID, UNCLEAR_ID, sound_run
from tests.unit.torture_check.synthetic import DUE, OUTCOMES, RECEIVED, Raw, SyntheticRun, at

Doctor = Callable[[SyntheticRun], object]

COLUMNS = {
    "received": 6,
    "reinjected": 0,
    "registered": 3,
    "duplicate": 1,
    "refused": 1,
    "dead_lettered": 1,
    "dispatched": 3,
    "decided_tasks": 5,
    "queued_tasks": 5,
    "dispatched_cycles": 3,
    "clocked_cycles": 3,
    "ended": 1,
    "told": 1,
}
"""Of the sound run, counted by hand: three cases, one of them sent three times, and poison."""


def audited_run(**otherwise: int) -> SyntheticRun:
    """The sound run with an auditor that counted right, or ``otherwise``; two hours, so that sums are needed."""
    run = sound_run()
    run.state["auditor.state.v1"] = {SOLVED_ID: {}}
    counts = COLUMNS | otherwise
    early = dict.fromkeys(counts, 1)
    late = {column: count - 1 for column, count in counts.items()}
    hours = [{"hour": at(hour), "pending": 3, "holes": {}, **entries} for hour, entries in enumerate((early, late))]
    run.audit = {"unread_records": 0, "hours": hours, "holes": [], "surplus": []}
    return run


def agreement(run: SyntheticRun) -> RuleResult:
    return judge(run.history()).rules[12]


def true_holes(run: SyntheticRun, key: str) -> set[str]:
    history = run.history()
    return holes_of(account_of(history.cases[key], history.copies))


def true_columns(run: SyntheticRun, key: str) -> dict[str, int]:
    history = run.history()
    return columns_of(account_of(history.cases[key], history.copies))


# -- the columns ---------------------------------------------------------------------------------------------------


def test_a_ledger_that_counts_right_is_agreed_with() -> None:
    assert agreement(audited_run()).first_offenders == ()


def test_no_column_of_the_ledger_is_left_uncounted() -> None:
    assert tuple(COLUMNS) == ENTRIES
    assert tuple(true_columns(sound_run(), SOLVED_ID)) == ENTRIES


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("difference", [-1, 1])
def test_a_column_that_is_wrong_by_one_is_noticed(column: str, difference: int) -> None:
    wrong = COLUMNS[column] + difference
    offenders = agreement(audited_run(**{column: wrong})).first_offenders
    assert offenders == (f"cbus audit {column}: it says {wrong}, on the bus are {COLUMNS[column]}",)


def test_a_column_nobody_counts_here_is_noticed() -> None:
    assert agreement(audited_run(erased=2)).first_offenders == ("cbus audit erased: it says 2, on the bus are None",)


def test_a_column_that_is_gone_is_noticed() -> None:
    run = audited_run()
    assert run.audit is not None
    for hour in run.audit["hours"]:
        del hour["told"]
    assert agreement(run).first_offenders == ("cbus audit told: it says None, on the bus are 1",)


def test_a_hole_listed_under_another_kind_than_announced_is_noticed() -> None:
    run = audited_run(received=7)
    run.again(run.find("complaint.submitted.v1", DANGER_ID))
    run.record("audit.events.v1", DANGER_ID, "audit.hole_found.v1", {"kind": "unaccounted"})
    assert run.audit is not None
    run.audit["holes"] = [{"complaint_id": DANGER_ID, "kind": "unaccounted"}]
    assert agreement(run).first_offenders == ()
    run.audit["holes"][0]["kind"] = "phantom"
    assert agreement(run).first_offenders == ("cbus audit: lists 1 holes, announced 1",)


def test_what_lies_in_a_surplus_partition_must_be_named_by_the_audit() -> None:
    run, place = audited_run(), (RECEIVED, topics.PARTITIONS)
    assert run.audit is not None
    history = run.history()
    history.surplus = {place: 1, (topics.LIFECYCLE, topics.PARTITIONS): 0}
    (offender,) = judge(history).rules[12].first_offenders
    assert offender.startswith("cbus audit: names {} in surplus partitions")
    run.audit["surplus"] = [{"topic": RECEIVED, "partition": topics.PARTITIONS, "records": 1}]
    history = run.history()
    history.surplus = {place: 1}
    assert judge(history).rules[12].first_offenders == ()


def send_again(run: SyntheticRun) -> None:
    run.again(run.find("complaint.submitted.v1", DANGER_ID))


def write_a_copy(run: SyntheticRun) -> None:
    send_again(run)
    run.records[-1].headers["reinjected-by"] = b"auditor"


def refuse_a_message(run: SyntheticRun) -> None:
    run.dead_letter(run.record(RECEIVED, DANGER_ID, "complaint.urged.v1", {}), "stale")


def put_aside_a_submission(run: SyntheticRun) -> None:
    run.submitted("key-2", DANGER)
    run.dead_letter(run.records[-1], "schema")


def open_another_cycle(run: SyntheticRun) -> None:
    """Dispatched again, to a department that gets it; no clock of the second cycle yet."""
    task = run.find("assignment.dispatched.v1", UNCLEAR_ID)
    again = task.data["assignment"] | {"assignment_id": "second"}
    decision: dict[str, Any] = {"decision": {"lead": "triage"}, "assignments": [again], "cause": "reopened"}
    run.entry({"complaint_id": UNCLEAR_ID}, "dispatched", 5, **decision).data["cycle"] = 2
    run.record(task.topic, task.key, task.event_type, task.data | {"assignment": again, "cycle": 2})


def lose_the_registration(run: SyntheticRun) -> None:
    run.remove("complaint.registered.v1", key=UNCLEAR_ID)


def open_and_time_another_cycle(run: SyntheticRun) -> None:
    open_another_cycle(run)
    run.clock({"complaint_id": UNCLEAR_ID}, "resolution", "armed", DUE["resolution"], 5).data["cycle"] = 2


def time_a_cycle_nobody_dispatched(run: SyntheticRun) -> None:
    run.clock({"complaint_id": UNCLEAR_ID}, "resolution", "armed", DUE["resolution"], 5).data["cycle"] = 2


def dispatch_a_second_part_of_the_same_cycle(run: SyntheticRun) -> None:
    open_another_cycle(run)
    run.records[-2].data["cycle"] = run.records[-1].data["cycle"] = 1


def withdraw(run: SyntheticRun) -> None:
    run.entry({"complaint_id": UNCLEAR_ID}, "withdrawal_registered", 6)


def resolve_and_withdraw_telling_one(run: SyntheticRun) -> None:
    withdraw(run)
    run.entry({"complaint_id": UNCLEAR_ID}, "resolved", 7)
    tell(run, "failed", "result")


def tell(run: SyntheticRun, outcome: str, template: str, cycle: int = 1) -> Raw:
    """What came of a message about the unclear case."""
    data = {"notification_id": "n", "cycle": cycle, "template": template, "reason": "no_address"}
    return run.record(OUTCOMES, UNCLEAR_ID, f"notification.{outcome}.v1", data)


@pytest.mark.parametrize(
    ("doctor", "key", "more"),
    [
        (send_again, DANGER_ID, {"received": 1}),
        (write_a_copy, DANGER_ID, {"reinjected": 1}),
        (refuse_a_message, DANGER_ID, {}),
        (put_aside_a_submission, DANGER_ID, {"received": 1, "dead_lettered": 1}),
        (
            open_another_cycle,
            UNCLEAR_ID,
            {"decided_tasks": 1, "queued_tasks": 1, "dispatched_cycles": 1},
        ),
        (
            open_and_time_another_cycle,
            UNCLEAR_ID,
            {"decided_tasks": 1, "queued_tasks": 1, "dispatched_cycles": 1, "clocked_cycles": 1},
        ),
        (time_a_cycle_nobody_dispatched, UNCLEAR_ID, {}),
        (lose_the_registration, UNCLEAR_ID, {"registered": -1, "dispatched": -1}),
        (dispatch_a_second_part_of_the_same_cycle, UNCLEAR_ID, {"decided_tasks": 1, "queued_tasks": 1}),
        (withdraw, UNCLEAR_ID, {"ended": 1}),
        (resolve_and_withdraw_telling_one, UNCLEAR_ID, {"ended": 2, "told": 1}),
    ],
)
def test_what_each_record_adds_to_the_columns(doctor: Doctor, key: str, more: dict[str, int]) -> None:
    sound, run = sound_run(), sound_run()
    doctor(run)
    before, after = true_columns(sound, key), true_columns(run, key)
    assert {column: after[column] - before[column] for column in after if after[column] != before[column]} == more


# -- holes ---------------------------------------------------------------------------------------------------------


def put_aside(run: SyntheticRun, service: str, event_type: str, data: object, key: str = UNCLEAR_ID) -> None:
    """``service`` puts something about a case aside."""
    letter = run.dead_letter(Raw("somewhere", key, event_type, "put-aside", data), "schema")
    letter.topic = topics.dead_letter_topic(service)


def test_each_dispatched_cycle_needs_a_clock_of_its_own() -> None:
    """That the first cycle had clocks is no clock for the second."""
    run = audited_run(decided_tasks=6, queued_tasks=6, dispatched_cycles=4)
    open_another_cycle(run)
    assert true_holes(run, UNCLEAR_ID) == {"unclocked"}
    assert [offender.partition(":")[0] for offender in agreement(run).first_offenders] == [UNCLEAR_ID]
    run.record("audit.events.v1", UNCLEAR_ID, "audit.hole_found.v1", {"kind": "unclocked"})
    assert run.audit is not None
    run.audit["holes"] = [{"complaint_id": UNCLEAR_ID, "kind": "unclocked"}]
    assert agreement(run).first_offenders == ()


@pytest.mark.parametrize("doctor", [open_and_time_another_cycle, dispatch_a_second_part_of_the_same_cycle])
def test_a_cycle_with_a_clock_is_no_hole(doctor: Doctor) -> None:
    run = sound_run()
    doctor(run)
    assert true_holes(run, UNCLEAR_ID) == set()


def test_a_clock_that_ended_without_having_been_armed_does_not_count() -> None:
    run = sound_run()
    open_another_cycle(run)
    cancelled = run.clock({"complaint_id": UNCLEAR_ID}, "resolution", "cancelled", DUE["resolution"], 5)
    cancelled.data |= {"cycle": 2, "cancelled_at": at(6)}
    assert true_holes(run, UNCLEAR_ID) == {"unclocked"}


def test_what_the_sla_service_put_aside_is_no_reason_for_a_missing_clock() -> None:
    """A case that nobody can be late with is missed by nobody: it counts as a hole until a clock runs."""
    run = sound_run()
    open_another_cycle(run)
    assert true_holes(run, UNCLEAR_ID) == {"unclocked"}
    put_aside(run, "sla", "complaint.dispatched.v1", b"{")
    assert true_holes(run, UNCLEAR_ID) == {"unclocked"}


@pytest.mark.parametrize("outcome", ["sent", "failed", "skipped"])
def test_an_end_is_told_by_what_came_of_the_message(outcome: str) -> None:
    run = sound_run()
    withdraw(run)
    assert true_holes(run, UNCLEAR_ID) == {"unnotified"}
    tell(run, outcome, "withdrawal_confirmed")
    assert true_holes(run, UNCLEAR_ID) == set()


@pytest.mark.parametrize(
    ("outcome", "template", "cycle"),
    [
        ("requested", "withdrawal_confirmed", 1),
        ("attempted", "withdrawal_confirmed", 1),
        ("deferred", "withdrawal_confirmed", 1),
        ("sent", "withdrawal_confirmed", 2),
        ("sent", "result", 1),
    ],
)
def test_an_end_is_not_told_by_a_message_asked_for_tried_or_of_another_kind(
    outcome: str, template: str, cycle: int
) -> None:
    run = sound_run()
    withdraw(run)
    tell(run, outcome, template, cycle)
    assert true_holes(run, UNCLEAR_ID) == {"unnotified"}


@pytest.mark.parametrize(
    ("event_type", "data", "holes"),
    [
        ("complaint.withdrawal_registered.v1", {"cycle": 1}, set()),
        ("notification.requested.v1", {"cycle": 1, "template": "withdrawal_confirmed"}, set()),
        ("complaint.withdrawal_registered.v1", b"\x00 no JSON", set()),
        ("notification.requested.v1", {"cycle": 2, "template": "withdrawal_confirmed"}, {"unnotified"}),
        ("sla.breached.v1", {"cycle": 1, "clock": "contact"}, {"unnotified"}),
    ],
)
def test_what_the_notifier_put_aside_is_a_reason_for_a_missing_letter(
    event_type: str, data: object, holes: set[str]
) -> None:
    run = sound_run()
    withdraw(run)
    put_aside(run, "notifier", event_type, data)
    assert true_holes(run, UNCLEAR_ID) == holes


def test_a_rejected_complaint_need_not_be_dispatched() -> None:
    run = sound_run()
    run.records = [
        raw
        for raw in run.records
        if not (raw.key == UNCLEAR_ID and raw.event_type in ("complaint.dispatched.v1", "assignment.dispatched.v1"))
    ]
    assert "undispatched" in true_holes(run, UNCLEAR_ID)
    run.entry({"complaint_id": UNCLEAR_ID}, "rejected", 5)
    assert "undispatched" not in true_holes(run, UNCLEAR_ID)


def test_a_refused_message_does_not_account_for_a_lost_submission() -> None:
    run = sound_run()
    send_again(run)
    refuse_a_message(run)
    assert true_holes(run, DANGER_ID) == {"unaccounted"}


def test_an_outcome_too_many_is_not_accounted_for_by_a_message() -> None:
    run = sound_run()
    run.entry({"complaint_id": SOLVED_ID}, "duplicate_dropped", 5, duplicate_event_id="of-nothing")
    assert true_holes(run, SOLVED_ID) == {"phantom"}
