"""Reads a case log as a stranger would, and says what is wrong with it. Knows nothing of the router's state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from shared.events.base import Event
from shared.events.departments import AssignmentCancelled, AssignmentDispatched, MessageRefused
from shared.events.lifecycle import (
    AssignmentAccepted,
    AssignmentProgressed,
    AssignmentResolved,
    AssignmentReturned,
    CaseEvent,
    CaseWithdrawn,
    ComplainantCalledBack,
    ComplainantContacted,
    ComplaintClosed,
    ComplaintDispatched,
    ComplaintHeld,
    ComplaintReopened,
    ComplaintResolved,
    ComplaintResumed,
    ConsumerMessageRefused,
    DepartmentEvent,
    DuplicateDropped,
)
from shared.processing import Emit

_OF_AN_ENDED_CASE = (DuplicateDropped, ComplainantCalledBack, ConsumerMessageRefused)


class CaseLogOracle:
    """Follows everything the router writes about one case and asserts what must hold of it."""

    def __init__(self, safety: bool) -> None:
        self.safety = safety
        self.lead_is_resolved = False
        self.open: dict[str, AssignmentDispatched] = {}
        self.ended: dict[str, tuple[str, datetime]] = {}
        self.resolved: set[str] = set()
        self.accepted: set[str] = set()
        self.on_hold: set[str] = set()
        self.opened: dict[str, str] = {}
        self.handed_over: Counter[str] = Counter()
        self.event_ids: set[str] = set()
        self.phase = "new"
        self.withdrawn = False
        self.cycle = 1
        self.sequence = 0
        self.handed_to_people: list[tuple[str, str]] = []
        self.to_be_read: list[tuple[str, str]] = []
        self.returned_to: set[str] = set()
        self.returner = ""
        self.resolved_in_cycle = 0

    def follow(self, emits: Sequence[Emit]) -> None:
        """Take in the output of one step, then check that the case is in a state it may rest in."""
        for emit in emits:
            assert emit.event_id not in self.event_ids, "an event id was used twice"
            self.event_ids.add(emit.event_id)
            if isinstance(emit.event, CaseEvent):
                assert emit.topic == "complaints.lifecycle.v1"
                self._entry(emit.event)
            else:
                self._told(emit.topic, emit.event)
        self._may_rest()

    def _may_rest(self) -> None:
        assert self.handed_to_people == self.to_be_read, "what the log says and what was handed to people differ"
        assert len(set(self.to_be_read)) == len(self.to_be_read), "told twice"
        if self.phase == "new":
            return
        assert self.open.keys() == self.opened.keys(), "dispatched in the log and handed over must be the same"
        assert set(self.handed_over.values()) <= {1}, "a task was handed over twice"
        assert bool(self.open) == (self.phase == "open"), "open work exactly while the case is open"
        leads = [task for task in self.open.values() if task.assignment.role == "lead"]
        assert len(leads) <= 1
        if self.phase == "open":
            assert leads or self.lead_is_resolved, "nobody leads"
        departments = [task.assignment.department for task in self.open.values()]
        assert len(departments) == len(set(departments)), "a department has two open parts"
        assert self.on_hold <= self.open.keys(), "a hold outlived its task"

    def _told(self, topic: str, event: Event) -> None:
        if isinstance(event, AssignmentDispatched):
            assert topic == f"departments.{event.assignment.department}.v1"
            self.handed_over[event.assignment.assignment_id] += 1
            self.open[event.assignment.assignment_id] = event
        if isinstance(event, MessageRefused):
            self.handed_to_people.append((topic, event.message_event_id))
        if isinstance(event, AssignmentCancelled):
            task = self.open[event.assignment_id].assignment
            assert event.reason != "case_resolved" or not task.mandatory, "resolved over somebody's head"
            self._end(event.assignment_id, event.happened_at)

    def _end(self, assignment_id: str, at: datetime) -> None:
        self.ended[assignment_id] = (self.open[assignment_id].assignment.department, at)
        assert assignment_id not in self.on_hold, "a task ended on hold: its clocks would pause for ever"
        del self.open[assignment_id]
        del self.opened[assignment_id]

    def _entry(self, entry: CaseEvent) -> None:
        self.sequence += 1
        assert entry.sequence == self.sequence, "the log has a gap"
        if isinstance(entry, ComplaintReopened):
            self._reopened(entry)
        assert entry.cycle == self.cycle
        if self.phase == "closed":
            late = self._is_late_fact(entry)
            assert late or isinstance(entry, _OF_AN_ENDED_CASE), "the case went on after its end"
        if isinstance(entry, ConsumerMessageRefused):
            self._turned_away(entry)
        elif isinstance(entry, DepartmentEvent):
            self._department_did(entry)
        elif isinstance(entry, ComplaintDispatched):
            self._dispatched(entry)
        elif isinstance(entry, ComplaintResolved):
            assert self.phase == "open"
            assert not self.withdrawn, "a withdrawn complainant was told of a resolution"
            self.resolved_in_cycle += 1
            assert self.resolved_in_cycle == 1
            self.phase = "resolved"
        elif isinstance(entry, ComplaintClosed):
            assert self.phase == ("open" if self.withdrawn else "resolved")
            self.phase = "closed"
        elif isinstance(entry, CaseWithdrawn):
            assert not self.withdrawn
            self.withdrawn = True
            if not self.safety or self.phase == "resolved":
                self.phase = "closed"

    def _turned_away(self, entry: ConsumerMessageRefused) -> None:
        assert entry.departments, "nobody reads it"
        self.to_be_read += [
            (f"departments.{department}.v1", entry.message_event_id) for department in entry.departments
        ]

    def _reopened(self, entry: ComplaintReopened) -> None:
        assert self.phase in ("resolved", "closed")
        assert not self.withdrawn
        assert entry.cycle == self.cycle + 1
        self.cycle, self.phase, self.lead_is_resolved = entry.cycle, "open", False
        self.returned_to.clear()
        self.ended.clear()
        self.resolved_in_cycle = 0

    def _dispatched(self, entry: ComplaintDispatched) -> None:
        self.phase = "open"
        for assignment in entry.assignments:
            assert assignment.assignment_id not in self.handed_over, "an assignment id was used twice"
            self.opened[assignment.assignment_id] = assignment.department
            if entry.cause == "returned":
                assert assignment.forced or assignment.department not in self.returned_to, "back and forth"
                if self.returner != "triage":  # what triage keeps or hands on is its decision, not a return
                    self.returned_to.add(assignment.department)
        roles = Counter(assignment.role for assignment in entry.assignments)
        assert roles["lead"] == 1 if entry.cause != "returned" else sum(roles.values()) == 1

    def _is_late_fact(self, entry: CaseEvent) -> bool:
        """Something a department did before its part ended, heard of only now."""
        if not isinstance(entry, ComplainantContacted | AssignmentProgressed) or entry.assignment_id not in self.ended:
            return False
        department, ended_at = self.ended[entry.assignment_id]
        assert entry.department == department, "a department acted on another's task"
        assert entry.happened_at < ended_at, "work on a part that had ended"
        return True

    def _department_did(self, entry: DepartmentEvent) -> None:
        if self._is_late_fact(entry):
            return
        task = self.open[entry.assignment_id].assignment
        assert task.department == entry.department, "a department acted on another's task"
        assert not (task.forced and isinstance(entry, AssignmentReturned)) or task.department == "triage"
        if isinstance(entry, AssignmentAccepted):
            assert entry.assignment_id not in self.accepted
            self.accepted.add(entry.assignment_id)
        if isinstance(entry, ComplainantContacted | AssignmentProgressed | AssignmentResolved | ComplaintHeld):
            assert entry.assignment_id in self.accepted, "work before acceptance"
        if isinstance(entry, ComplaintHeld):
            assert entry.assignment_id not in self.on_hold
            self.on_hold.add(entry.assignment_id)
        if isinstance(entry, ComplaintResumed):
            self.on_hold.remove(entry.assignment_id)
        if isinstance(entry, AssignmentReturned):
            self.returner = entry.department
        if isinstance(entry, AssignmentReturned | AssignmentResolved):
            self._end(entry.assignment_id, entry.happened_at)
            self.lead_is_resolved |= isinstance(entry, AssignmentResolved) and task.role == "lead"
