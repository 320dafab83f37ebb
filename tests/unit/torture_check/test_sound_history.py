"""A run without a fault passes every rule, and its story can be told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.events import ids
from tests.torture.check.decoding import micros
from tests.torture.check.rules.identity import one_key_one_ticket
from tests.torture.check.rules.state import state
from tests.torture.check.verdict import judge
from tests.unit.torture_check.sound_run import POISON_KEY, SOLVED, SOLVED_ID, UNCLEAR_ID, sound_run
from tests.unit.torture_check.synthetic import RECEIVED_AT, at


def test_a_sound_history_passes_every_rule() -> None:
    verdict = judge(sound_run().history())
    assert {rule.rule: rule.first_offenders for rule in verdict.rules if not rule.passed} == {}
    assert verdict.passed


def test_there_are_fifteen_rules_in_order_and_each_looks_at_something() -> None:
    verdict = judge(sound_run().history())
    assert [rule.rule for rule in verdict.rules] == [f"L{number}" for number in range(1, 16)]
    assert {rule.rule for rule in verdict.rules if rule.checked == 0} == set()


def test_what_does_not_exist_yet_is_named_not_passed_over() -> None:
    notes = " ".join(note for rule in judge(sound_run().history()).rules for note in rule.notes)
    assert "0 texts, 0 webhooks" in notes
    assert "erasure and encryption: not applicable yet" in notes
    assert "no auditor in the run: not applicable" in notes


def test_a_run_without_a_live_reader_is_judged_by_what_is_there_at_the_end() -> None:
    run = sound_run()
    run.live_reader = None
    rule = judge(run.history()).rules[6]
    assert rule.passed, rule.first_offenders
    assert "no live reader in the run: not applicable" in rule.notes


def test_a_correspondence_is_forgotten_four_hundred_days_after_the_end_and_no_sooner() -> None:
    run = sound_run()
    run.entry({"complaint_id": SOLVED_ID}, "closed", 50)
    del run.state["notifier.state.v1"][SOLVED_ID]
    history = run.history()
    for days, may_be_forgotten in ((399, False), (401, True)):
        history.run = history.run._replace(clocks_stopped_at=micros(at(50 + days * 24)))
        remembers_nothing = [each for each in state(history).first_offenders if "notifier" in each]
        assert (remembers_nothing == []) is may_be_forgotten


@pytest.mark.parametrize("hours", [60, 170])
def test_a_later_day_is_told_only_while_the_first_cannot_be_known_or_is_forgotten(hours: float) -> None:
    run = sound_run()
    tomorrow = ids.ticket_number(SOLVED_ID, RECEIVED_AT + timedelta(days=1))
    run.operation("replay", "ok", "key-1", SOLVED, hours=hours, ticket_number=tomorrow)
    rule = one_key_one_ticket(run.history())
    assert rule.passed, rule.first_offenders
    assert "1 repeats were told their number with a later day" in " ".join(rule.notes)


def test_the_story_of_a_complaint_names_its_records_and_operations_in_time_order() -> None:
    story = judge(sound_run().history()).story(f"{SOLVED_ID}: whatever a rule said")
    lines = story.splitlines()
    stamped = [line.split(" ")[0] for line in lines if line.startswith("20")]
    assert stamped == sorted(stamped)
    for part in ("ledger op 1 submit ok 202", "complaint.registered.v1", "sla.met.v1", "notification.sent.v1"):
        assert part in story, part
    assert "ann@example.com" not in story


def test_an_empty_run_proves_nothing_and_does_not_pass() -> None:
    run = sound_run()
    run.ledger.clear()
    verdict = judge(run.history())
    assert not verdict.rules[0].passed


def test_an_auditor_that_sees_what_is_true_is_agreed_with() -> None:
    run = sound_run()
    run.state["auditor.state.v1"] = {SOLVED_ID: {}}
    for name in ("found", "closed"):
        run.record("audit.events.v1", SOLVED_ID, f"audit.hole_{name}.v1", {"kind": "unaccounted"})
    rule = judge(run.history()).rules[12]
    assert rule.passed, rule.first_offenders
    about_it = [note for note in rule.notes if "auditor" in note]
    assert about_it == ["auditor: 1 holes found in passing, 0 submissions written again"]


def test_poison_may_be_put_aside_by_each_of_its_readers() -> None:
    run = sound_run()
    poison = next(raw for raw in run.records if raw.key == POISON_KEY)
    run.dead_letter(poison, "schema").topic = "sla.dead-letters.v1"
    assert judge(run.history()).passed


def test_a_department_may_get_a_case_again_after_a_part_was_handed_back() -> None:
    run = sound_run()
    task = run.find("assignment.dispatched.v1", UNCLEAR_ID)
    assignment = task.data["assignment"] | {"assignment_id": "second"}
    decision = {"lead": "triage"}
    run.entry(
        {"complaint_id": UNCLEAR_ID}, "dispatched", 5, decision=decision, assignments=[assignment], cause="returned"
    )
    run.record(task.topic, task.key, task.event_type, task.data | {"assignment": assignment})
    assert judge(run.history()).rules[2].passed


def test_a_heal_that_the_next_fault_overtakes_is_not_held_against_the_bus() -> None:
    run = sound_run()
    for hours, phase in ((0.3, "start"), (0.4, "end"), (0.5, "start"), (30, "end")):
        run.nemesis.append({"at": at(hours), "fault": "leader-kill", "target": "t/0", "phase": phase, "detail": {}})
    run.operation("submit", "info", "key-late", SOLVED, hours=0.45)
    run.operation("retry", "ok", "key-1", SOLVED, hours=40)
    rule = judge(run.history()).rules[14]
    assert rule.passed, rule.first_offenders
