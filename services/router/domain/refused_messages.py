"""A complainant's message that the case cannot take any more: it was acknowledged, so it must not end unread.

The refusal is an entry of the case log, from which the complainant is written to, and a task for people: the lead of
the case reads it, and where the text tells of danger also the department the rules name for such a text, at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from services.router.domain.case import Case
from services.router.domain.case_log import CaseLog
from services.router.domain.departments import Departments
from services.router.domain.refusals import Reason
from services.router.domain.registration import Assess
from services.router.domain.repeats import CONSUMER, fingerprint, remember
from shared.events.complaint import Attachment, Narrative
from shared.events.decisions import Classification
from shared.events.departments import MessageRefused
from shared.events.envelope import Envelope
from shared.events.lifecycle import ConsumerMessageRefused
from shared.events.received import (
    ComplaintSupplemented,
    ComplaintUrged,
    ComplaintWithdrawn,
    ConsumerMessage,
    SurveyAnswered,
)
from shared.processing import Step

KINDS: Final[Mapping[type[ConsumerMessage], str]] = MappingProxyType(
    {
        ComplaintSupplemented: "supplement",
        ComplaintUrged: "urge",
        ComplaintWithdrawn: "withdrawal",
        SurveyAnswered: "survey_answer",
    }
)
"""What a message is called where it is told of."""


def refuse_message(
    case: Case, event: ConsumerMessage, cause: Envelope, reason: Reason, departments: Departments, assess: Assess
) -> Step[Case]:
    """Log that ``event`` changed nothing, and hand it to people. Told once: its repeats are duplicates."""
    log = CaseLog(cause, case.sequence)
    at = max(event.received_at, case.cycle_started_at)
    narrative, attachments = _words(event)
    reading, reader = _read(case, narrative, assess)
    readers = _readers(case, reader if reading.safety else None, departments)
    log.record(
        case,
        ConsumerMessageRefused,
        at,
        message=KINDS[type(event)],
        message_event_id=cause.id,
        reason=reason.value,
        received_at=event.received_at,
        safety=reading.safety,
        departments=readers,
    )
    task = MessageRefused(
        complaint_id=case.complaint.complaint_id,
        ticket_number=case.complaint.ticket_number,
        message=KINDS[type(event)],
        message_event_id=cause.id,
        reason=reason.value,
        received_at=event.received_at,
        priority=reading.priority,
        safety=reading.safety,
        narrative=narrative,
        attachments=attachments,
        solved=event.solved if isinstance(event, SurveyAnswered) else None,
        complaint=case.complaint,
    )
    for department in readers:
        log.tell(department, task, department)
    return log.step(remember(case, fingerprint(CONSUMER, cause.id)))


def _words(event: ConsumerMessage) -> tuple[Narrative | None, tuple[Attachment, ...]]:
    return (event.narrative, event.attachments) if isinstance(event, ComplaintSupplemented) else (None, ())


def _read(case: Case, narrative: Narrative | None, assess: Assess) -> tuple[Classification, str | None]:
    """How urgent the message is, by its own words; where it has none, as urgent as the case was. And who handles it."""
    if narrative is None:
        return case.classification.model_copy(update={"safety": False}), None
    classification, decision = assess(case.complaint.model_copy(update={"narrative": narrative}))
    return classification, decision.lead


def _readers(case: Case, also: str | None, departments: Departments) -> tuple[str, ...]:
    """The lead the case has or had, or triage where that department is gone; each once."""
    lead = case.decision.lead if case.decision.lead in departments.by_id else departments.triage.id
    return tuple(dict.fromkeys(department for department in (lead, also) if department is not None))
