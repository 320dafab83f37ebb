"""Whatever can go wrong is found, by the rule that is there for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from shared.events import ids
from tests.torture.check.verdict import judge
from tests.unit.torture_check import sound_run as sound
from tests.unit.torture_check.synthetic import (
    DUE,
    RECEIVED,
    RECEIVED_AT,
    REQUESTS,
    ROUTER_DEAD_LETTERS,
    Data,
    SyntheticRun,
    at,
)

Doctor = Callable[[SyntheticRun], object]

# -- what each doctor does to the sound run ------------------------------------------------------------------------


def lose_an_accepted_complaint(run: SyntheticRun) -> None:
    run.operation("submit", "ok", "key-lost", sound.SOLVED)


def lose_a_task(run: SyntheticRun) -> None:
    run.remove("assignment.dispatched.v1", key=sound.DANGER_ID)


def route_wrongly(run: SyntheticRun) -> None:
    dispatched = run.find("complaint.dispatched.v1", sound.SOLVED_ID).data
    dispatched["assignments"][0]["department"] = dispatched["decision"]["lead"] = "legal"
    run.find("assignment.dispatched.v1", sound.SOLVED_ID).topic = "departments.legal.v1"


def lose_poison(run: SyntheticRun) -> None:
    run.records.remove(next(raw for raw in run.records if raw.key == sound.POISON_KEY and raw.topic != RECEIVED))


def lose_a_conflicting_content(run: SyntheticRun) -> None:
    run.records.remove(next(raw for raw in run.records if raw.topic == ROUTER_DEAD_LETTERS))


def lose_a_message(run: SyntheticRun) -> None:
    run.remove("complaint.supplemented.v1")


def land_a_refused_submission(run: SyntheticRun) -> None:
    run.submitted("key-4", sound.REFUSED)


def invent_a_complaint(run: SyntheticRun) -> None:
    run.submitted("key-nobody", sound.SOLVED)


def invent_a_task(run: SyntheticRun) -> None:
    raw = run.find("assignment.dispatched.v1", sound.SOLVED_ID)
    assignment = raw.data["assignment"] | {"assignment_id": "made-up", "department": "legal"}
    run.record("departments.legal.v1", raw.key, raw.event_type, raw.data | {"assignment": assignment})


def repeat(event_type: str) -> Doctor:
    return lambda run: run.again(run.find(event_type))


def dispatch_twice_under_new_ids(run: SyntheticRun) -> None:
    task = run.find("assignment.dispatched.v1", sound.SOLVED_ID)
    assignment = task.data["assignment"] | {"assignment_id": "second"}
    run.record(task.topic, task.key, task.event_type, task.data | {"assignment": assignment})


def repeat_a_dead_letter(run: SyntheticRun) -> None:
    run.again(next(raw for raw in run.records if raw.topic == ROUTER_DEAD_LETTERS))


def register_an_unknown_outcome_twice(run: SyntheticRun) -> None:
    raw = run.find("complaint.registered.v1", sound.UNCLEAR_ID)
    run.record(raw.topic, raw.key, raw.event_type, raw.data)


def change_a_word_for_the_department(run: SyntheticRun) -> None:
    task = run.find("assignment.dispatched.v1", sound.SOLVED_ID)
    task.data = task.data | {"complaint": task.data["complaint"] | {"narrative": {"text": "The machine is fine."}}}


def change_a_field_for_the_department(run: SyntheticRun) -> None:
    task = run.find("assignment.dispatched.v1", sound.SOLVED_ID)
    task.data = task.data | {"complaint": task.data["complaint"] | {"complainant": {"email": "other@example.com"}}}


def write_something_unreadable(run: SyntheticRun) -> None:
    run.find("sla.met.v1").data = b"{"


def tell_another_ticket(run: SyntheticRun) -> None:
    other = ids.ticket_number(sound.DANGER_ID, RECEIVED_AT)
    run.operation("retry", "ok", "key-1", sound.SOLVED, ticket_number=other)


def tell_another_day_long_after(run: SyntheticRun) -> None:
    tomorrow = ids.ticket_number(sound.SOLVED_ID, RECEIVED_AT + timedelta(days=1))
    run.operation("replay", "ok", "key-1", sound.SOLVED, hours=100, ticket_number=tomorrow)


def tell_another_complaint(run: SyntheticRun) -> None:
    run.operation("retry", "ok", "key-1", sound.SOLVED, complaint_id=sound.DANGER_ID)


def skip_a_number(run: SyntheticRun) -> None:
    run.find("complaint.contacted.v1").data["sequence"] += 1


def swap_two_entries(run: SyntheticRun) -> None:
    first, second = run.find("complaint.contacted.v1"), run.find("complaint.progressed.v1")
    first.data["sequence"], second.data["sequence"] = second.data["sequence"], first.data["sequence"]


def ask_before_the_resolution(run: SyntheticRun) -> None:
    case = {"complaint_id": sound.SOLVED_ID}
    run.entry(case, "called_back", 47)
    run.clock(case, "callback", "met", DUE["callback"], 48, stopped_at=at(47))


def change_the_partition(run: SyntheticRun) -> None:
    run.find("complaint.resolved.v1").partition = 7


def miss_an_entry_live(run: SyntheticRun) -> None:
    run.live_reader = lambda entries: [each for each in entries if each["sequence"] != 3]


def see_an_entry_twice_live(run: SyntheticRun) -> None:
    run.live_reader = lambda entries: [*entries, entries[-1]]


def go_back_live(run: SyntheticRun) -> None:
    run.live_reader = lambda entries: list(reversed(entries))


def see_live_what_was_taken_back(run: SyntheticRun) -> None:
    gone = {"partition": 3, "offset": 999, "complaint_id": "gone", "sequence": 1}
    run.live_reader = lambda entries: [gone, *entries]


def see_another_place_live(run: SyntheticRun) -> None:
    run.live_reader = lambda entries: [each | {"offset": each["offset"] + 1} for each in entries]


def see_no_number_live(run: SyntheticRun) -> None:
    run.live_reader = lambda entries: [each | {"sequence": None} for each in entries]


def watch_nothing(run: SyntheticRun) -> None:
    run.live_reader = lambda _: []


def forget_a_breach(run: SyntheticRun) -> None:
    run.remove("sla.breached.v1", key=sound.UNCLEAR_ID, clock="first_response")


def forget_a_clock(run: SyntheticRun) -> None:
    for name in ("armed", "breached"):
        run.remove(f"sla.{name}.v1", key=sound.UNCLEAR_ID, clock="verification")


def end_a_clock_twice(run: SyntheticRun) -> None:
    met = run.find("sla.met.v1", sound.SOLVED_ID, "first_response")
    run.record(met.topic, met.key, "sla.cancelled.v1", met.data | {"cancelled_at": at(48), "reason": "resolved"})


def breach_early(run: SyntheticRun) -> None:
    run.find("sla.breached.v1", sound.UNCLEAR_ID, "first_response").data["detected_at"] = at(23)


def miscount_working_days(run: SyntheticRun) -> None:
    for raw in run.records:
        if isinstance(raw.data, dict) and raw.data.get("clock") == "resolution":
            raw.data["due_by"] = "2026-03-20T10:00:00Z"


def ignore_the_severity(run: SyntheticRun) -> None:
    breach = run.find("sla.breached.v1", sound.DANGER_ID, "first_response")
    breach.data["due_by"] = breach.data["detected_at"] = DUE["first_response"]
    breach.late_ms = 60_000  # long after the assessment was read


def meet_without_a_fact(run: SyntheticRun) -> None:
    run.find("sla.met.v1", sound.SOLVED_ID, "first_response").data["stopped_at"] = at(1.5)


def breach_what_was_met(run: SyntheticRun) -> None:
    met = run.find("sla.met.v1", sound.SOLVED_ID, "verification")
    met.event_type = "sla.breached.v1"
    met.data = met.data | {"detected_at": DUE["verification"]}
    del met.data["stopped_at"]
    run.letter({"complaint_id": met.key, "complainant": {}}, "breach_notice", met.event_id, department="legal")


def correct_without_a_breach(run: SyntheticRun) -> None:
    met = run.find("sla.met.v1", sound.SOLVED_ID, "first_response")
    run.record(met.topic, met.key, "sla.corrected.v1", met.data | {"corrects_event_id": met.event_id})


def warn_early(run: SyntheticRun) -> None:
    clock = run.find("sla.breached.v1", sound.UNCLEAR_ID, "first_response").data
    run.record("sla.events.v1", sound.UNCLEAR_ID, "sla.warned.v1", clock | {"level": 0.8, "detected_at": at(12)})


def leave_an_anonymous_complainant_unanswered(run: SyntheticRun) -> None:
    for raw in run.records:
        complaint = raw.data.get("complaint") if isinstance(raw.data, dict) and raw.key == sound.UNCLEAR_ID else None
        if complaint is not None:
            complaint["complainant"] = complaint["complainant"] | {"anonymous": True}
    run.entry({"complaint_id": sound.UNCLEAR_ID}, "progressed", 3, department="triage")


def let_a_helper_stop_a_clock(run: SyntheticRun) -> None:
    run.entry({"complaint_id": sound.UNCLEAR_ID}, "held", 1, department="public-affairs")
    run.remove("sla.breached.v1", key=sound.UNCLEAR_ID, clock="verification")


def stop_a_clock_where_life_is_at_risk(run: SyntheticRun) -> None:
    run.entry({"complaint_id": sound.DANGER_ID}, "held", 1, department="product-safety")
    run.remove("sla.breached.v1", key=sound.DANGER_ID, clock="verification")


def undo_a_breach_by_a_hold_reported_later(run: SyntheticRun) -> None:
    case, late_ms = {"complaint_id": sound.UNCLEAR_ID, "ticket_number": ""}, 60_000
    for name, hours in (("held", 1.0), ("resumed", 71.0), ("progressed", 90.0)):
        run.entry(case, name, hours, department="triage", preliminary_finding=True).late_ms = late_ms
    breach = run.find("sla.breached.v1", sound.UNCLEAR_ID, "verification")
    corrected = run.clock(
        case, "verification", "corrected", at(142), stopped_at=at(90), corrects_event_id=breach.event_id
    )
    corrected.late_ms = late_ms


def deliver_twice_unmarked(run: SyntheticRun) -> None:
    run.mails.append(dict(run.mails[0]))


def claim_to_have_sent(run: SyntheticRun) -> None:
    del run.mails[0]


def leave_a_letter_open(run: SyntheticRun) -> None:
    run.remove("notification.sent.v1")


def write_to_somebody_else(run: SyntheticRun) -> None:
    run.mails[0]["rcpt_tos"] = ["mallory@example.com"]


def deliver_what_nobody_asked_for(run: SyntheticRun) -> None:
    run.mails.append(run.mails[0] | {"message_id": "<unknown@example.com>"})


def send_a_text_nobody_asked_for(run: SyntheticRun) -> None:
    run.texts.append({"received_at": at(0.1), "notification_id": "unknown", "recipient": "+86 10 5550 0100"})


def send_it_by_another_medium(run: SyntheticRun) -> None:
    mail = run.mails.pop(0)
    notification_id = mail["message_id"].strip("<>").split("@")[0]
    (recipient,) = mail["rcpt_tos"]
    run.texts.append({"received_at": at(0.1), "notification_id": notification_id, "recipient": recipient})


def forget_the_acknowledgement(run: SyntheticRun) -> None:
    for name in ("requested", "attempted", "sent"):
        run.remove(f"notification.{name}.v1", key=sound.UNCLEAR_ID)
    run.mails[:] = [mail for mail in run.mails if mail["rcpt_tos"] != ["bob@example.com"]]


def forget_why_nobody_was_written_to(run: SyntheticRun) -> None:
    run.remove("notification.skipped.v1")


def remember_less(run: SyntheticRun) -> None:
    run.state["router.state.v1"][sound.SOLVED_ID]["sequence"] -= 1


def remember_another_status(run: SyntheticRun) -> None:
    del run.state["router.state.v1"][sound.SOLVED_ID]["status"]


def forget_a_running_clock(run: SyntheticRun) -> None:
    run.state["sla.state.v1"][sound.DANGER_ID]["running"].clear()


def lose_a_row(run: SyntheticRun) -> None:
    del run.state["router.state.v1"][sound.SOLVED_ID]


def correspondence(run: SyntheticRun, case: str = sound.DANGER_ID) -> Data:
    return run.state["notifier.state.v1"][case]


def forget_a_letter(run: SyntheticRun) -> None:
    correspondence(run)["issued"].pop()


def remember_a_letter_nobody_wrote(run: SyntheticRun) -> None:
    correspondence(run)["issued"].append("1/rejection")


def remember_a_letter_twice(run: SyntheticRun) -> None:
    correspondence(run)["issued"].append("1/acknowledgement")


def remember_another_address(run: SyntheticRun) -> None:
    correspondence(run, sound.SOLVED_ID)["complainant"]["email"] = "mallory@example.com"


def remember_another_language(run: SyntheticRun) -> None:
    correspondence(run)["language"] = "en"


def remember_another_lead(run: SyntheticRun) -> None:
    correspondence(run)["responsible"]["1"] = "legal"


def remember_another_desk(run: SyntheticRun) -> None:
    correspondence(run)["told"]["1/contact"] = "legal"


def tell_another_desk_and_remember_it(run: SyntheticRun) -> None:
    notice = next(raw for raw in run.records if raw.topic == REQUESTS and raw.data.get("department") == "triage")
    notice.data["department"] = "legal"
    correspondence(run, sound.UNCLEAR_ID)["told"]["1/first_response"] = "legal"


def hold_back_what_was_sent(run: SyntheticRun) -> None:
    notice = {"cycle": 1, "template": "breach_notice", "clock": "contact"}
    correspondence(run).update(held=[notice], release_at=at(80))


def end_an_open_case(run: SyntheticRun) -> None:
    correspondence(run)["forget_at"] = at(9600)


def lose_a_correspondence(run: SyntheticRun) -> None:
    del run.state["notifier.state.v1"][sound.DANGER_ID]


def remember_a_case_without_a_log(run: SyntheticRun) -> None:
    run.state["notifier.state.v1"]["nobody"] = {"complaint_id": "nobody"}


def open_files_without_end(run: SyntheticRun) -> None:
    for number, sample in enumerate(run.lives("sla-1", 200)):
        sample["fds"] += 2 * number


def grow_without_end(run: SyntheticRun) -> None:
    for sample in run.lives("sla-1", 900):
        sample["rss_bytes"] += sample["second"] * 300_000


def note_no_resources(run: SyntheticRun) -> None:
    run.samples.clear()


def leave_a_transaction_open(run: SyntheticRun) -> None:
    run.open_transaction = True


def leave_something_unread(run: SyntheticRun) -> None:
    run.lagging_group = "notifier-sender"


def drop_a_duplicate_silently(run: SyntheticRun) -> None:
    run.again(run.find("complaint.submitted.v1", sound.DANGER_ID))


def ignore_a_report(run: SyntheticRun) -> None:
    run.record("departments.legal.updates.v1", sound.DANGER_ID, "assignment.updated.v1", {"action": "accept"})


def apply_a_report_twice(run: SyntheticRun) -> None:
    first = run.find("complaint.assignment_resolved.v1")
    update = run.find("assignment.updated.v1")
    again = run.entry({"complaint_id": first.key}, "assignment_resolved", 48, update.event_id)
    again.data = first.data | {"sequence": again.data["sequence"]}


def put_a_submission_aside_in_one_reader_only(run: SyntheticRun) -> None:
    run.submitted("key-2", sound.DANGER)
    run.dead_letter(run.records[-1], "schema").topic = "sla.dead-letters.v1"


def count_too_much(run: SyntheticRun) -> None:
    run.metrics[0]["text"] = run.metrics[0]["text"].replace("6.0", "7.0")


def see_no_hole(run: SyntheticRun) -> None:
    run.state["auditor.state.v1"] = {sound.SOLVED_ID: {}}
    run.submitted("key-lost", sound.SOLVED)


def see_no_missing_letter(run: SyntheticRun) -> None:
    run.state["auditor.state.v1"] = {sound.SOLVED_ID: {}}
    told = [raw for raw in run.records if raw.event_type == "notification.sent.v1"]
    run.records.remove(next(raw for raw in told if raw.data["template"] == "result"))


def see_a_hole_where_there_is_none(run: SyntheticRun) -> None:
    run.state["auditor.state.v1"] = {sound.SOLVED_ID: {}}
    run.record("audit.events.v1", sound.SOLVED_ID, "audit.hole_found.v1", {"kind": "unaccounted"})


def log(text: str) -> Doctor:
    return lambda run: run.logs.append(text)


def put_an_address_into_a_header(run: SyntheticRun) -> None:
    run.find("complaint.registered.v1", sound.SOLVED_ID).headers["traceparent"] = b"ann@example.com"


def explain_with_the_narrative(run: SyntheticRun) -> None:
    letter = next(raw for raw in run.records if raw.topic == ROUTER_DEAD_LETTERS)
    letter.headers["dlq_detail"] = f"cannot read {sound.SOLVED['narrative']['text']}".encode()


def accept_nothing_after_the_heal(run: SyntheticRun) -> None:
    for line in run.ledger:
        if line["state"] == "ok":
            line["at"] = at(0.01)
    run.operation("submit", "info", "key-late", sound.SOLVED, hours=0.2)


def route_nothing_after_the_heal(run: SyntheticRun) -> None:
    for raw in run.records:
        if raw.topic == "complaints.lifecycle.v1":
            raw.late_ms = -1_000  # all written before the fault ended
    run.find("complaint.submitted.v1").late_ms = 1_000


def take_too_long(run: SyntheticRun) -> None:
    accept_nothing_after_the_heal(run)
    run.operation("retry", "ok", "key-1", sound.SOLVED, hours=20)


# -- the rule that must catch it ----------------------------------------------------------------------------------

DOCTORS: list[tuple[str, Doctor]] = [
    ("L1", lose_an_accepted_complaint),
    ("L1", lose_a_task),
    ("L1", route_wrongly),
    ("L1", lose_poison),
    ("L1", lose_a_conflicting_content),
    ("L1", lose_a_message),
    ("L2", land_a_refused_submission),
    ("L2", invent_a_complaint),
    ("L2", invent_a_task),
    ("L3", repeat("complaint.registered.v1")),
    ("L3", repeat("assignment.dispatched.v1")),
    ("L3", repeat("sla.breached.v1")),
    ("L3", repeat("notification.requested.v1")),
    ("L3", repeat("notification.skipped.v1")),
    ("L3", dispatch_twice_under_new_ids),
    ("L3", repeat_a_dead_letter),
    ("L4", register_an_unknown_outcome_twice),
    ("L5", change_a_word_for_the_department),
    ("L5", change_a_field_for_the_department),
    ("L5", write_something_unreadable),
    ("L6", tell_another_ticket),
    ("L6", tell_another_day_long_after),
    ("L6", tell_another_complaint),
    ("L7", skip_a_number),
    ("L7", swap_two_entries),
    ("L7", change_the_partition),
    ("L7", ask_before_the_resolution),
    ("L7", miss_an_entry_live),
    ("L7", see_an_entry_twice_live),
    ("L7", go_back_live),
    ("L7", see_live_what_was_taken_back),
    ("L7", see_another_place_live),
    ("L7", see_no_number_live),
    ("L7", watch_nothing),
    ("L8", forget_a_breach),
    ("L8", forget_a_clock),
    ("L8", end_a_clock_twice),
    ("L8", breach_early),
    ("L8", miscount_working_days),
    ("L8", ignore_the_severity),
    ("L8", meet_without_a_fact),
    ("L8", breach_what_was_met),
    ("L8", correct_without_a_breach),
    ("L8", warn_early),
    ("L8", leave_an_anonymous_complainant_unanswered),
    ("L8", let_a_helper_stop_a_clock),
    ("L8", stop_a_clock_where_life_is_at_risk),
    ("L8", undo_a_breach_by_a_hold_reported_later),
    ("L9", deliver_twice_unmarked),
    ("L9", claim_to_have_sent),
    ("L9", leave_a_letter_open),
    ("L9", write_to_somebody_else),
    ("L9", deliver_what_nobody_asked_for),
    ("L9", send_a_text_nobody_asked_for),
    ("L9", send_it_by_another_medium),
    ("L9", forget_the_acknowledgement),
    ("L9", forget_why_nobody_was_written_to),
    ("L10", remember_less),
    ("L10", remember_another_status),
    ("L10", forget_a_running_clock),
    ("L10", lose_a_row),
    ("L10", forget_a_letter),
    ("L10", remember_a_letter_nobody_wrote),
    ("L10", remember_a_letter_twice),
    ("L10", remember_another_address),
    ("L10", remember_another_language),
    ("L10", remember_another_lead),
    ("L10", remember_another_desk),
    ("L10", tell_another_desk_and_remember_it),
    ("L10", hold_back_what_was_sent),
    ("L10", end_an_open_case),
    ("L10", lose_a_correspondence),
    ("L10", remember_a_case_without_a_log),
    ("L11", open_files_without_end),
    ("L11", grow_without_end),
    ("L11", note_no_resources),
    ("L11", leave_a_transaction_open),
    ("L11", leave_something_unread),
    ("L12", drop_a_duplicate_silently),
    ("L12", ignore_a_report),
    ("L12", apply_a_report_twice),
    ("L12", put_a_submission_aside_in_one_reader_only),
    ("L13", count_too_much),
    ("L13", see_no_hole),
    ("L13", see_no_missing_letter),
    ("L13", see_a_hole_where_there_is_none),
    ("L14", log("could not reach ann@example.com")),
    ("L14", log("caller 138-0000-0002 hung up")),
    ("L14", log("text was: machine shakes so hard that it walks across the kit")),
    ("L14", log("原文：充电器在夜里起火，烧坏了桌子")),
    ("L14", put_an_address_into_a_header),
    ("L14", explain_with_the_narrative),
    ("L15", accept_nothing_after_the_heal),
    ("L15", take_too_long),
    ("L15", route_nothing_after_the_heal),
]


@pytest.mark.parametrize(
    ("rule", "doctor"), DOCTORS, ids=[f"{rule}-{getattr(doctor, '__name__', 'x')}" for rule, doctor in DOCTORS]
)
def test_a_doctored_history_is_caught_by_the_rule_for_it(rule: str, doctor: Doctor) -> None:
    run = sound.sound_run()
    doctor(run)
    broken = {result.rule: result.first_offenders for result in judge(run.history()).rules if not result.passed}
    assert rule in broken, broken


def test_every_rule_is_shown_to_catch_something() -> None:
    assert {rule for rule, _ in DOCTORS} == {f"L{number}" for number in range(1, 16)}
