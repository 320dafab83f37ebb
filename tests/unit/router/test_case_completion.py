"""Resolved when all who must are done; closed or reopened by what the complainant says."""

from __future__ import annotations

from datetime import timedelta

from services.router.domain.case import CaseStatus
from shared.events.departments import AssignmentCancelled, AssignmentDispatched
from shared.events.lifecycle import ComplainantCalledBack, ComplaintDispatched, ComplaintReopened, ComplaintResolved
from tests.unit.router.case_builders import OFFICE, OPTIONAL_CO_HANDLER, RECEIVED_AT, RESOLUTION, TRIAGE, Router

LEAD = "after-sales"


def resolved(co_handlers: tuple[str, ...] = ()) -> Router:
    """A router with a resolved case."""
    router = Router(co_handlers=co_handlers)
    router.submit()
    router.now = RECEIVED_AT + timedelta(hours=2)
    for department in (LEAD, *co_handlers):
        router.resolve(department)
    assert router.status is CaseStatus.RESOLVED
    return router


def test_a_lone_lead_resolves_the_case_with_its_resolution() -> None:
    router = resolved()
    assert router.last(3) == ["accepted", "assignment_resolved", "resolved"]
    entry = router.log[-1]
    assert isinstance(entry, ComplaintResolved)
    assert (entry.department, entry.resolution) == (LEAD, RESOLUTION)


def test_the_case_waits_for_every_co_handler_whoever_resolves_last() -> None:
    for order in ((LEAD, "legal", "quality"), ("legal", LEAD, "quality"), ("quality", "legal", LEAD)):
        router = Router(co_handlers=("legal", "quality"))
        router.submit()
        for department in order:
            assert router.status is CaseStatus.OPEN
            router.update(department, "resolve", resolution=RESOLUTION if department == LEAD else None)
        entry = router.log[-1]
        assert isinstance(entry, ComplaintResolved)
        assert (entry.department, entry.resolution) == (LEAD, RESOLUTION)


def test_the_case_does_not_wait_for_a_department_that_only_helps() -> None:
    router = Router(co_handlers=("legal", OPTIONAL_CO_HANDLER))
    router.submit()
    router.update(OPTIONAL_CO_HANDLER, "accept")
    router.update(OPTIONAL_CO_HANDLER, "hold", reason="waiting")
    router.resolve(LEAD)
    assert router.status is CaseStatus.OPEN
    router.resolve("legal")
    assert router.last(3) == ["assignment_resolved", "resumed", "resolved"]
    (cancelled,) = [(topic, event.reason) for topic, event in router.told if isinstance(event, AssignmentCancelled)]
    assert cancelled == ("departments.logistics.v1", "case_resolved")
    router.update(OPTIONAL_CO_HANDLER, "resolve")
    assert router.refused == "no_assignment"
    router.answer(solved=False)
    assert router.holders() == {LEAD: "lead", "legal": "co_handler", OPTIONAL_CO_HANDLER: "co_handler"}


def test_a_part_that_must_be_done_stays_so_when_it_goes_to_a_helper() -> None:
    router = Router(co_handlers=("legal",))
    router.submit()
    router.give_back("legal", OPTIONAL_CO_HANDLER)
    router.resolve(LEAD)
    assert router.status is CaseStatus.OPEN


def test_the_case_was_resolved_when_the_last_part_was_done_not_when_the_last_report_came() -> None:
    router = Router(co_handlers=("legal",))
    router.submit()
    router.now = RECEIVED_AT + timedelta(hours=9)
    router.resolve(LEAD, happened_at=RECEIVED_AT + timedelta(hours=5))
    router.update("legal", "resolve", happened_at=RECEIVED_AT + timedelta(hours=3))
    assert router.log[-1].happened_at == RECEIVED_AT + timedelta(hours=5)


def test_a_call_back_by_the_lead_closes_the_case() -> None:
    for solved in (True, None):
        router = resolved(co_handlers=("legal",))
        router.update("legal", "call_back", solved=solved)
        assert router.refused == "not_lead"
        router.update(LEAD, "call_back", solved=solved)
        assert router.last(2) == ["called_back", "closed"]
        assert router.status is CaseStatus.CLOSED


def test_not_solved_reopens_with_the_same_departments_in_a_new_cycle() -> None:
    router = resolved(co_handlers=("legal",))
    first = [e.assignment.assignment_id for _, e in router.told if isinstance(e, AssignmentDispatched)]
    router.update(LEAD, "call_back", solved=False)
    assert router.last(3) == ["called_back", "reopened", "dispatched"]
    called_back, reopened, dispatched = router.log[-3:]
    assert (called_back.cycle, reopened.cycle, dispatched.cycle) == (1, 2, 2)
    assert isinstance(reopened, ComplaintReopened)
    assert isinstance(dispatched, ComplaintDispatched)
    assert dispatched.cause == "reopened"
    assert router.holders() == {LEAD: "lead", "legal": "co_handler"}
    second = [a.assignment_id for a in dispatched.assignments]
    assert len({*first, *second}) == 4


def test_a_reopened_case_goes_to_those_who_had_it_last_and_a_final_decision_stands() -> None:
    router = Router(co_handlers=("quality",))
    router.submit()
    router.give_back(LEAD)
    router.give_back(TRIAGE, "legal")
    router.resolve("legal")
    router.resolve("quality")
    router.answer(solved=False)
    assert router.holders() == {"legal": "lead", "quality": "co_handler"}
    router.give_back("legal")
    assert router.refused == "forced_assignment"
    router.give_back("quality", "logistics")  # returns are counted anew in each cycle
    assert router.holders() == {"legal": "lead", "logistics": "co_handler"}


def test_a_reopened_case_does_not_go_to_a_department_that_no_longer_exists() -> None:
    router = resolved(co_handlers=("legal", "quality"))
    gone = {LEAD, "quality"}
    router.organise(tuple(one for one in OFFICE.departments if one.id not in gone))
    router.answer(solved=False)
    assert router.holders() == {TRIAGE: "lead", "legal": "co_handler"}
    assert router.state.decision.rule_id == "reopened.triage"
    assert (router.state.decision.lead, router.state.decision.co_handlers) == (TRIAGE, ("legal",))


def test_a_survey_answer_closes_or_reopens_a_resolved_case() -> None:
    router = resolved()
    router.answer(solved=True, score=5)
    assert router.last(2) == ["called_back", "closed"]
    entry = router.log[-2]
    assert isinstance(entry, ComplainantCalledBack)
    assert (entry.solved, entry.score) == (True, 5)
    reopened = resolved()
    reopened.answer(solved=False, score=1)
    assert reopened.last(3) == ["called_back", "reopened", "dispatched"]


def test_a_late_not_solved_reopens_a_closed_case() -> None:
    router = resolved()
    router.answer(solved=True)
    router.answer(solved=False)
    assert router.status is CaseStatus.OPEN
    assert router.state.cycle == 2


def test_a_survey_answer_after_the_departments_call_back_is_counted_once() -> None:
    router = resolved()
    router.update(LEAD, "call_back", solved=None)
    router.answer(solved=True, score=4)
    assert router.last(2) == ["closed", "called_back"]
    assert router.status is CaseStatus.CLOSED
    router.answer(solved=True, score=4)
    assert router.turned_away == "already_answered"


def test_each_cycle_has_its_own_survey() -> None:
    router = resolved()
    router.answer(solved=False)
    router.resolve(LEAD)
    router.update(LEAD, "call_back")
    router.answer(solved=True, cycle=2)
    assert router.refused is None
    assert router.last() == ["called_back"]


def test_a_call_back_cannot_lie_before_the_resolution_it_asks_about() -> None:
    router = resolved()
    resolved_at, router.now = router.now, router.now + timedelta(days=1)
    router.update(LEAD, "call_back", solved=False, happened_at=RECEIVED_AT + timedelta(hours=1))
    assert router.refused == "before_resolution"
    assert router.status is CaseStatus.RESOLVED
    router.update(LEAD, "call_back", solved=False, happened_at=resolved_at - timedelta(minutes=5))
    called_back, reopened, _ = router.log[-3:]
    assert called_back.happened_at == reopened.happened_at == resolved_at
    assert router.state.cycle_started_at == resolved_at


def test_a_survey_answer_never_precedes_the_resolution_it_is_about() -> None:
    router = resolved()
    resolved_at, router.now = router.now, RECEIVED_AT + timedelta(hours=1)
    router.answer(solved=False)
    called_back, reopened, _ = router.log[-3:]
    assert called_back.happened_at == reopened.happened_at == resolved_at


def test_an_answer_counts_for_its_own_cycle_only() -> None:
    router = resolved()
    router.answer(solved=True, cycle=2)
    assert router.turned_away == "future_cycle"
    router.answer(solved=False, cycle=1)
    router.answer(solved=False, cycle=1)
    assert router.turned_away == "stale_cycle"
    router.answer(solved=False, cycle=2)
    assert router.turned_away == "not_resolved"


def test_after_closing_departments_are_refused() -> None:
    router = resolved()
    router.answer(solved=True)
    for action in ("accept", "progress", "call_back"):
        router.update(LEAD, action)
        assert router.refused == "case_closed"


def test_the_call_back_is_the_resolved_leads_only_word() -> None:
    router = resolved()
    router.update(LEAD, "progress")
    assert router.refused == "already_resolved"
