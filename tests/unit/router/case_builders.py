"""Invented complaints, updates and messages, and a router to feed them to, for the tests of the case."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from services.router.domain.case import Case, CaseStatus
from services.router.domain.departments import Department, Departments
from services.router.processor import RouterProcessor
from shared.events.base import Event
from shared.events.complaint import Attachment, Complainant, Complaint, Narrative
from shared.events.decisions import Classification, Resolution, RoutingDecision
from shared.events.departments import AssignmentDispatched, DepartmentUpdate
from shared.events.envelope import Envelope
from shared.events.lifecycle import CaseEvent, ConsumerMessageRefused
from shared.events.received import (
    ComplaintSubmitted,
    ComplaintSupplemented,
    ComplaintUrged,
    ComplaintWithdrawn,
    SurveyAnswered,
)
from shared.events.topics import RECEIVED, department_updates_topic
from shared.processing import Emit, Message, Step

COMPLAINT_ID = "0b3f8a52-6b64-5c8e-9d53-0f6f6a1c7d10"
RECEIVED_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TRIAGE = "triage"
OPTIONAL_CO_HANDLER = "logistics"
DEPARTMENTS = ("after-sales", "legal", "logistics", "quality", TRIAGE)
RESOLUTION = Resolution(status="refund granted", cause="transport damage", measures="refund within 3 days")


OFFICE = Departments(
    version="test",
    departments=tuple(
        Department(
            id=id_, name_zh=id_, name_en=id_, triage=id_ == TRIAGE, mandatory_co_handler=id_ != OPTIONAL_CO_HANDLER
        )
        for id_ in DEPARTMENTS
    ),
)


def a_complaint(**changes: Any) -> Complaint:
    """A complaint about a washing machine."""
    facts: dict[str, Any] = {
        "complaint_id": COMPLAINT_ID,
        "ticket_number": "20260302-0B3F8A526B-K",
        "channel": "web",
        "channel_message_id": "form-1",
        "content_digest": "0" * 64,
        "received_at": RECEIVED_AT,
        "ingested_at": RECEIVED_AT + timedelta(seconds=2),
        "complainant": Complainant(name="Test Person", phone="13800001234"),
        "narrative": Narrative(text="The washing machine arrived broken and nobody answers."),
    }
    return Complaint(**facts | changes)


@dataclass
class Router:
    """One case in a real reducer: feeds it, keeps its state, log and tasks, and the last refusal."""

    lead: str = "after-sales"
    co_handlers: tuple[str, ...] = ()
    safety: bool = False
    now: datetime = RECEIVED_AT + timedelta(seconds=5)
    case: Case | None = None
    log: list[CaseEvent] = field(default_factory=list)
    told: list[tuple[str, Event]] = field(default_factory=list)
    emits: list[Emit] = field(default_factory=list)
    refused: str | None = None
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.processor = RouterProcessor(OFFICE, self._assess)

    def organise(self, departments: tuple[Department, ...]) -> None:
        """Go on under another list of departments, as after a change of the configuration."""
        self.processor = RouterProcessor(Departments(version="changed", departments=departments), self._assess)

    def _assess(self, _complaint: Complaint) -> tuple[Classification, RoutingDecision]:
        classification = Classification(
            category="delivery", severity="medium", priority=2, confidence=0.8, safety=self.safety, taxonomy_version="1"
        )
        decision = RoutingDecision(
            lead=self.lead, co_handlers=self.co_handlers, rule_id="test", rules_version="1", reasons=("for the test",)
        )
        return classification, decision

    # -- inputs ------------------------------------------------------------------------------------------------

    def submit(self, complaint: Complaint | None = None, **record: Any) -> Step[Case]:
        """A submission of the complaint."""
        return self.feed(RECEIVED, ComplaintSubmitted(complaint=complaint or a_complaint()), **record)

    def update(self, department: str, action: str, *, record_id: str | None = None, **facts: Any) -> Step[Case]:
        """Something ``department`` did, now unless ``happened_at`` says otherwise."""
        facts = {"complaint_id": COMPLAINT_ID, "happened_at": self.now} | facts
        event = DepartmentUpdate(action=action, **facts)
        return self.feed(department_updates_topic(department), event, record_id=record_id)

    def resolve(self, department: str, **facts: Any) -> Step[Case]:
        """``department`` resolves with the standard resolution."""
        return self.update(department, "resolve", resolution=RESOLUTION, **facts)

    def give_back(self, department: str, suggested: str | None = None) -> Step[Case]:
        """``department`` returns its part."""
        return self.update(department, "return", reason="not_ours", suggested_department=suggested)

    def supplement(
        self, text: str = "A photo of the damage.", attachments: tuple[Attachment, ...] = (), **record: Any
    ) -> Step[Case]:
        """More material."""
        event = ComplaintSupplemented(
            complaint_id=COMPLAINT_ID,
            received_at=self.now,
            narrative=Narrative(text=text),
            attachments=attachments,
        )
        return self.feed(RECEIVED, event, **record)

    def urge(self, **record: Any) -> Step[Case]:
        """The complainant asks to hurry."""
        return self.feed(RECEIVED, ComplaintUrged(complaint_id=COMPLAINT_ID, received_at=self.now), **record)

    def withdraw(self, **record: Any) -> Step[Case]:
        """The complainant withdraws."""
        return self.feed(RECEIVED, ComplaintWithdrawn(complaint_id=COMPLAINT_ID, received_at=self.now), **record)

    def answer(self, solved: bool, cycle: int = 1, score: int | None = None, **record: Any) -> Step[Case]:
        """The complainant answers the survey."""
        event = SurveyAnswered(complaint_id=COMPLAINT_ID, received_at=self.now, cycle=cycle, solved=solved, score=score)
        return self.feed(RECEIVED, event, **record)

    def feed(self, topic: str, event: Event, *, record_id: str | None = None, key: str = COMPLAINT_ID) -> Step[Case]:
        """One record through the reducer, as the engine does it: a refusal changes nothing."""
        envelope = Envelope(
            id=record_id or f"record-{next(self._numbers)}",
            type=event.event_type,
            source="/test",
            subject=key,
            time=self.now,
            traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        )
        step = self.processor.reduce(self.case, Message(topic, envelope, event), self.now)
        self.refused = step.refusal.reason if step.refusal else None
        if step.refusal is None:
            self.case = step.state
            self.emits.extend(step.emits)
            self.log.extend(emit.event for emit in step.emits if isinstance(emit.event, CaseEvent))
            self.told.extend((emit.topic, emit.event) for emit in step.emits if not isinstance(emit.event, CaseEvent))
        return step

    # -- what came of it ---------------------------------------------------------------------------------------

    @property
    def state(self) -> Case:
        """The case; there must be one."""
        assert self.case is not None
        return self.case

    @property
    def turned_away(self) -> str | None:
        """Why the complainant's last message was not taken; None when the latest entry is another."""
        entry = self.log[-1]
        return entry.reason if isinstance(entry, ConsumerMessageRefused) else None

    @property
    def status(self) -> CaseStatus:
        """Where the case as a whole stands."""
        return self.state.status

    def last(self, count_: int = 1) -> list[str]:
        """Types of the latest log entries, without the ``complaint.`` prefix and version."""
        return [short(entry) for entry in self.log[-count_:]]

    def holders(self) -> dict[str, str]:
        """Departments with an open part, and their role."""
        return {held.department: held.assignment.role for held in self.state.open_assignments()}

    def dispatched_to(self) -> list[str]:
        """Departments in the order in which tasks were handed over."""
        return [event.assignment.department for _, event in self.told if isinstance(event, AssignmentDispatched)]


def short(event: Event) -> str:
    """``registered`` for ``complaint.registered.v1``."""
    return event.event_type.split(".")[1]
