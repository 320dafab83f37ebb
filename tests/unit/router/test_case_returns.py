"""A department returns its part: who gets it, and why it cannot go round in circles."""

from __future__ import annotations

import pytest

from services.router.domain.rationales import Rationale, reason_of_return
from shared.events.departments import AssignmentCancelled, AssignmentDispatched
from shared.events.lifecycle import AssignmentReturned, ComplaintDispatched
from tests.unit.router.case_builders import DEPARTMENTS, OFFICE, TRIAGE, Router, short


def submitted(lead: str = "after-sales", co_handlers: tuple[str, ...] = ()) -> Router:
    """A router with a dispatched case."""
    router = Router(lead=lead, co_handlers=co_handlers)
    router.submit()
    return router


def forced(router: Router, department: str) -> bool:
    """True when the department's live part is a final decision."""
    held = router.state.live_assignment_of(department)
    assert held is not None
    return held.assignment.forced


def test_the_first_return_goes_to_the_suggested_department() -> None:
    router = submitted()
    router.give_back("after-sales", "logistics")
    returned, dispatched = router.log[-2:]
    assert isinstance(returned, AssignmentReturned)
    assert (returned.department, returned.reason) == ("after-sales", "not_ours")
    assert isinstance(dispatched, ComplaintDispatched)
    assert (dispatched.cause, dispatched.decision.rule_id) == ("returned", "returned.suggested")
    assert [a.department for a in dispatched.assignments] == ["logistics"]
    assert router.holders() == {"logistics": "lead"}
    assert not forced(router, "logistics")
    assert router.dispatched_to() == ["after-sales", "logistics"]


def test_a_new_department_gets_the_whole_complaint_and_what_was_added_since() -> None:
    router = submitted()
    router.supplement("First photo.")
    router.supplement("Second photo.")
    told = len(router.told)
    router.give_back("after-sales", "logistics")
    handed_over = [(topic, short(event)) for topic, event in router.told[told:]]
    kinds = ("dispatched", "supplemented", "supplemented")
    assert handed_over == [("departments.logistics.v1", kind) for kind in kinds]
    first = router.told[told][1]
    assert isinstance(first, AssignmentDispatched)
    assert first.complaint == router.state.complaint


def test_without_a_usable_suggestion_the_first_return_goes_to_triage() -> None:
    for suggestion in (None, "\u3000", "after-sales"):
        router = submitted()
        router.give_back("after-sales", suggestion)
        assert router.holders() == {TRIAGE: "lead"}
        assert not forced(router, TRIAGE)


def test_the_second_return_goes_to_triage_for_good() -> None:
    router = submitted()
    router.give_back("after-sales", "logistics")
    router.give_back("logistics", "quality")
    assert router.holders() == {TRIAGE: "lead"}
    assert forced(router, TRIAGE)


def test_a_case_cannot_go_back_and_forth() -> None:
    router = submitted()
    router.give_back("after-sales", "logistics")
    router.give_back("logistics", "after-sales")
    assert router.holders() == {TRIAGE: "lead"}


def test_triage_passes_on_by_final_decision_which_cannot_be_returned() -> None:
    router = submitted(lead=TRIAGE)
    router.give_back(TRIAGE, "legal")
    assert router.holders() == {"legal": "lead"}
    assert router.state.decision.rule_id == "arbiter.final"
    router.give_back("legal", "quality")
    assert router.refused == "forced_assignment"


def test_the_arbiter_may_decide_for_a_department_that_returned_it() -> None:
    router = submitted()
    router.give_back("after-sales", "logistics")
    router.give_back("logistics")
    router.give_back(TRIAGE, "after-sales")
    assert router.holders() == {"after-sales": "lead"}
    assert forced(router, "after-sales")
    attempts = {e.assignment.assignment_id for _, e in router.told if isinstance(e, AssignmentDispatched)}
    assert len(attempts) == 4


@pytest.mark.parametrize("lead", ["after-sales", TRIAGE])
@pytest.mark.parametrize("suggestion", ["no-such-department", "Quality", "质量部", "quality "])
def test_a_return_to_a_department_that_does_not_exist_is_refused_and_the_known_ones_are_named(
    lead: str, suggestion: str
) -> None:
    router = submitted(lead=lead)
    refusal = router.give_back(lead, suggestion).refusal
    assert refusal is not None
    assert refusal.reason == "unknown_department"
    assert all(known in refusal.detail for known in DEPARTMENTS)
    assert suggestion not in refusal.detail.split(", ")
    assert router.holders() == {lead: "lead"}


def test_triage_without_a_name_keeps_the_case_and_must_name_one_next_time() -> None:
    router = submitted(lead=TRIAGE)
    router.give_back(TRIAGE)
    assert router.holders() == {TRIAGE: "lead"}
    assert forced(router, TRIAGE)
    for suggestion in (None, TRIAGE, " "):
        router.give_back(TRIAGE, suggestion)
        assert router.refused == "suggestion_required"
    router.give_back(TRIAGE, "quality")
    assert router.holders() == {"quality": "lead"}


def test_a_returned_co_handler_is_replaced_in_its_role() -> None:
    router = submitted(co_handlers=("legal",))
    router.give_back("legal", "quality")
    assert router.holders() == {"after-sales": "lead", "quality": "co_handler"}
    assert router.state.decision.co_handlers == ("quality",)
    assert router.state.decision.lead == "after-sales"


def test_a_co_handler_that_gets_the_lead_gives_up_its_lesser_part() -> None:
    router = submitted(co_handlers=("legal",))
    router.update("legal", "accept")
    router.update("legal", "hold", reason="waiting")
    router.give_back("after-sales", "legal")
    assert router.last(3) == ["returned", "resumed", "dispatched"]
    assert router.holders() == {"legal": "lead"}
    cancelled = [event for topic, event in router.told if isinstance(event, AssignmentCancelled)]
    assert [event.reason for event in cancelled] == ["taken_over"]
    assert (router.state.decision.lead, router.state.decision.co_handlers) == ("legal", ())


def test_a_co_handler_that_is_done_and_gets_the_lead_has_work_again() -> None:
    router = submitted(co_handlers=("legal",))
    router.update("legal", "resolve")
    router.give_back("after-sales", "legal")
    assert router.holders() == {"legal": "lead"}
    assert not [event for _, event in router.told if isinstance(event, AssignmentCancelled)]
    router.resolve("legal")
    assert router.last() == ["resolved"]


def test_a_co_handlers_part_goes_to_triage_rather_than_to_a_department_that_has_one() -> None:
    router = submitted(co_handlers=("legal",))
    router.give_back("legal", "after-sales")
    assert router.holders() == {"after-sales": "lead", TRIAGE: "co_handler"}


def test_a_co_handlers_part_nobody_is_free_for_stays_where_it_is() -> None:
    router = submitted(lead=TRIAGE, co_handlers=("legal",))
    router.give_back("legal")
    assert router.refused == "triage_already_involved"
    router.give_back("legal", TRIAGE)
    assert router.refused == "triage_already_involved"
    assert router.holders() == {TRIAGE: "lead", "legal": "co_handler"}


def test_where_triage_has_the_lead_the_second_return_of_a_co_handler_follows_its_suggestion_for_good() -> None:
    router = submitted(lead=TRIAGE, co_handlers=("legal",))
    router.give_back("legal", "quality")
    router.give_back("quality", "legal")  # legal returned it already
    assert router.refused == "triage_already_involved"
    router.give_back("quality", "logistics")
    assert router.holders() == {TRIAGE: "lead", "logistics": "co_handler"}
    assert forced(router, "logistics")


def test_triage_handing_a_case_on_is_no_return() -> None:
    router = submitted(lead=TRIAGE, co_handlers=("quality",))
    router.give_back(TRIAGE, "after-sales")
    router.give_back("quality", "logistics")
    assert router.holders() == {"after-sales": "lead", "logistics": "co_handler"}
    assert not forced(router, "logistics")
    router.give_back("logistics", "legal")  # this is the second
    assert router.holders() == {"after-sales": "lead", TRIAGE: "co_handler"}
    assert forced(router, TRIAGE)


def test_a_returner_has_no_more_say() -> None:
    router = submitted()
    router.give_back("after-sales", "logistics")
    router.update("after-sales", "contact")
    assert router.refused == "no_assignment"


@pytest.mark.parametrize("rationale", [one for one in Rationale if not one.startswith("reopened")])
def test_every_decision_on_a_return_gives_its_reason_in_the_language_of_the_case(rationale: Rationale) -> None:
    legal, quality = OFFICE.by_id["legal"], OFFICE.by_id["quality"]
    chinese = reason_of_return(rationale, legal, quality, "zh-CN")
    english = reason_of_return(rationale, legal, quality, "en-GB")
    assert "legal" in chinese
    assert not chinese.isascii()
    assert "legal" in english
    assert english.isascii()


def test_the_reason_of_a_decision_never_repeats_what_a_department_wrote() -> None:
    router = submitted()
    router.update("after-sales", "return", reason="call Ms Test on 13800001234", suggested_department="Ms Test")
    assert "Test" not in router.state.decision.model_dump_json()
