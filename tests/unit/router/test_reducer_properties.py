"""Whatever consumers and departments send in whatever order, the case log makes sense and nothing goes unanswered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.router.domain.case import Case, CaseStatus
from shared.events.decisions import Resolution
from shared.events.departments import Action
from shared.processing import Step
from tests.unit.router.case_builders import DEPARTMENTS, RESOLUTION, Router, a_complaint
from tests.unit.router.case_log_oracle import CaseLogOracle

departments = st.sampled_from(DEPARTMENTS)
suggestions = st.one_of(st.none(), departments, st.just("no-such-department"))
picks = st.integers(0, 3)
record_ids = st.one_of(st.none(), st.integers(1, 5).map(lambda number: f"sent-twice-{number}"))
minutes_off = st.sampled_from([0, 0, 0, -3, 3, -90, 30])


def stored(case: Case | None) -> Case | None:
    """The case as it comes back from the state store."""
    if case is None:
        return None
    row = case.__pydantic_serializer__.to_json(case, exclude_defaults=True)
    return Case.model_validate_json(row)


class CaseMachine(RuleBasedStateMachine):
    """One case under random fire."""

    @initialize(lead=departments, co_handlers=st.lists(departments, max_size=3, unique=True), safety=st.booleans())
    def the_complaint_arrives(self, lead: str, co_handlers: list[str], safety: bool) -> None:
        self.router = Router(lead=lead, co_handlers=tuple(d for d in co_handlers if d != lead), safety=safety)
        self.oracle = CaseLogOracle(safety)
        self.inputs: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self._input("submit")

    # -- inputs ------------------------------------------------------------------------------------------------

    @rule(
        department=departments,
        action=st.sampled_from(Action),
        reason=st.sampled_from(["not_ours", None]),
        suggested=suggestions,
        resolution=st.sampled_from([RESOLUTION, None]),
        solved=st.sampled_from([True, False, None]),
        off=minutes_off,
        record_id=record_ids,
    )
    def anybody_reports_anything(
        self,
        department: str,
        action: Action,
        reason: str | None,
        suggested: str | None,
        resolution: Resolution | None,
        solved: bool | None,
        off: int,
        record_id: str | None,
    ) -> None:
        self._report(
            department,
            action,
            reason=reason,
            suggested_department=suggested,
            resolution=resolution,
            solved=solved,
            off=off,
            record_id=record_id,
        )

    @rule(
        pick=picks,
        action=st.sampled_from([Action.ACCEPT, Action.CONTACT, Action.PROGRESS, Action.HOLD, Action.RESUME]),
        off=minutes_off,
    )
    def a_holder_works(self, pick: int, action: Action, off: int) -> None:
        self._holder_reports(pick, action, reason="spare_part", off=off)

    @rule(pick=picks, suggested=suggestions)
    def a_holder_returns(self, pick: int, suggested: str | None) -> None:
        self._holder_reports(pick, Action.RETURN, reason="not_ours", suggested_department=suggested)

    @rule(pick=picks, off=minutes_off)
    def a_holder_resolves(self, pick: int, off: int) -> None:
        self._holder_reports(pick, Action.RESOLVE, resolution=RESOLUTION, off=off)

    @rule(solved=st.sampled_from([True, False, None]))
    def the_lead_calls_back(self, solved: bool | None) -> None:
        lead = self.router.state.live_lead()
        if lead is not None:
            self._report(lead.department, Action.CALL_BACK, solved=solved)

    @rule(solved=st.booleans(), stale=st.sampled_from([0, 0, 0, -1, 1]))
    def the_complainant_answers(self, solved: bool, stale: int) -> None:
        self._input("answer", solved, cycle=max(1, self.router.state.cycle + stale), score=3)

    @rule(kind=st.sampled_from(["supplement", "urge", "submit", "resubmit", "withdraw"]), record_id=record_ids)
    def the_complainant_writes(self, kind: str, record_id: str | None) -> None:
        if kind == "resubmit":
            self._input("submit", a_complaint(content_digest="1" * 64))
        elif kind != "withdraw" or self.router.state.sequence % 3 == 0:  # or most cases would end right away
            self._input(kind, record_id=record_id)

    @rule(minutes=st.integers(-10, 600))
    def time_passes(self, minutes: int) -> None:
        self._input("pass", minutes)

    # -- what must hold ----------------------------------------------------------------------------------------

    @invariant()
    def the_state_agrees_with_the_log(self) -> None:
        case = self.router.state
        assert case.sequence == self.oracle.sequence
        assert case.cycle == self.oracle.cycle
        expected = {"open": CaseStatus.OPEN, "resolved": CaseStatus.RESOLVED, "closed": CaseStatus.CLOSED}
        assert case.status is expected[self.oracle.phase]
        open_now = {held.assignment.assignment_id for held in case.open_assignments()}
        assert open_now == self.oracle.open.keys()
        assert {held.assignment.assignment_id for held in case.assignments if held.on_hold} == self.oracle.on_hold
        live_leads = [held for held in case.assignments if held.is_live and held.is_lead]
        assert len(live_leads) == 1 or (case.withdrawn and not case.open_assignments())

    @invariant()
    def the_state_survives_the_store(self) -> None:
        assert stored(self.router.case) == self.router.case

    def teardown(self) -> None:
        """The same inputs, over stored states, give the same output."""
        again = Router(lead=self.router.lead, co_handlers=self.router.co_handlers, safety=self.router.safety)
        for name, args, facts in self.inputs:
            _play(again, name, args, facts)
            again.case = stored(again.case)
        assert again.emits == self.router.emits
        assert again.case == self.router.case

    # -- feeding -----------------------------------------------------------------------------------------------

    def _holder_reports(self, pick: int, action: Action, **facts: Any) -> None:
        """A report of one that has a part: random departments would be refused nearly always."""
        holders = sorted(self.router.holders())
        if holders:
            self._report(holders[pick % len(holders)], action, **facts)

    def _report(self, department: str, action: Action, *, off: int = 0, **facts: Any) -> None:
        happened_at = self.router.now + timedelta(minutes=off)
        self._input("update", department, action.value, happened_at=happened_at, **facts)

    def _input(self, name: str, *args: Any, **facts: Any) -> None:
        self.inputs.append((name, args, facts))
        before = self.router.case
        step = _play(self.router, name, args, facts)
        if step is None:
            return
        if step.refusal is None:
            assert step.emits, "an input vanished without a trace"
            self.oracle.follow(step.emits)
            received_at = self.router.state.complaint.received_at
            assert all(entry.happened_at >= received_at for entry in self.router.log)
        else:
            assert not step.emits
            assert step.state == before, "a refused input changed the case"


def _play(router: Router, name: str, args: tuple[Any, ...], facts: dict[str, Any]) -> Step[Case] | None:
    if name == "pass":
        router.now += timedelta(minutes=args[0])
        return None
    step: Step[Case] = getattr(router, name)(*args, **facts)
    return step


TestCaseUnderRandomFire = CaseMachine.TestCase
TestCaseUnderRandomFire.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
