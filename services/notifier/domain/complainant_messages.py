"""What the complainant is told, and when not to write at all.

Acknowledgement of receipt and communication of the decision are asked for by ISO 10002 (GB/T 19012), clause 7; the
result says status, cause, measures and date.
"""

from __future__ import annotations

from datetime import datetime

from services.notifier.domain.choose_medium import NAMED_WHEN_UNTOLD, medium_for_complainant
from services.notifier.domain.composition import Cause, emit
from services.notifier.domain.notification import AUDIENCES, Template, notification_id
from services.notifier.domain.state import Correspondence
from shared.events.envelope import format_instant
from shared.events.lifecycle import (
    CaseEvent,
    CaseWithdrawn,
    ComplaintRegistered,
    ComplaintRejected,
    ComplaintReopened,
    ComplaintResolved,
    ConsumerMessageRefused,
)
from shared.events.notifications import Medium, NotificationRequested, NotificationSkipped
from shared.processing import Step

Message = tuple[Template, dict[str, str]]
"""A template and the values for it."""


def message_about(event: CaseEvent) -> Message | None:
    """What the complainant is told about ``event``; None: nothing."""
    happened_at = instant(event.happened_at)
    match event:
        case ComplaintRegistered(complaint=complaint):
            received_at = instant(complaint.received_at)
            return Template.ACKNOWLEDGEMENT, {"channel": complaint.channel, "received_at": received_at}
        case ComplaintResolved(resolution=answer):
            parts = {"status": answer.status, "cause": answer.cause, "measures": answer.measures}
            return Template.RESULT, {**parts, "resolved_at": happened_at}
        case CaseWithdrawn():
            return Template.WITHDRAWAL_CONFIRMED, {"withdrawn_at": happened_at}
        case ComplaintRejected(reason=reason):
            return Template.REJECTION, {"reason": reason, "rejected_at": happened_at}
        case ComplaintReopened(reason=reason):
            return Template.REOPENED, {"reason": reason, "reopened_at": happened_at}
        case ConsumerMessageRefused(message=kind, reason=reason):
            said = {"message": kind, "reason": reason, "danger": "yes" if event.safety else ""}
            return Template.MESSAGE_REFUSED, {**said, "received_at": instant(event.received_at)}
        case _:
            return None


def tell_complainant(
    state: Correspondence, event: CaseEvent, message: Message, cause: Cause, now: datetime
) -> Step[Correspondence]:
    """Ask for ``message``, or record why nobody is told; once per cycle and template, and refusals once per kind."""
    template, _ = message
    slot = f"{event.cycle}/{template}"
    if isinstance(event, ConsumerMessageRefused):
        slot += f"/{event.message}/{event.reason}/{event.safety}"
    if slot in state.issued:
        return Step(state)
    reason, medium = reason_not_to_write(state), medium_for_complainant(state.complainant)
    output: NotificationRequested | NotificationSkipped
    if reason is None and medium is not None:
        output = _request(state, event, message, medium, cause, now)
    else:
        output = _skip(event, template, reason or "no_address", cause, now)
    remembered = state.model_copy(update={"issued": (*state.issued, slot)})
    return Step(remembered, (emit(output, cause.traceparent or state.traceparent),))


def reason_not_to_write(state: Correspondence) -> str | None:
    """Why the complainant is not written to even if reached: unknown_case, anonymous, no_consent; None: write."""
    complainant = state.complainant
    if complainant is None:
        return "unknown_case"
    if complainant.anonymous:
        return "anonymous"
    return None if state.contact_consent else "no_consent"


def instant(moment: datetime) -> str:
    """``moment`` as it travels in parameters: RFC 3339, UTC."""
    return format_instant(moment).decode()


def _request(
    state: Correspondence,
    event: CaseEvent,
    message: Message,
    medium: Medium,
    cause: Cause,
    now: datetime,
) -> NotificationRequested:
    template, parameters = message
    return NotificationRequested(
        notification_id=notification_id(cause.event_id, template),
        complaint_id=event.complaint_id,
        ticket_number=event.ticket_number,
        cycle=event.cycle,
        template=template,
        language=state.language,
        medium=medium,
        audience=AUDIENCES[template],
        complainant=state.complainant,
        parameters=parameters,
        cause_event_id=cause.event_id,
        requested_at=now,
    )


def _skip(event: CaseEvent, template: Template, reason: str, cause: Cause, now: datetime) -> NotificationSkipped:
    return NotificationSkipped(
        notification_id=notification_id(cause.event_id, template),
        complaint_id=event.complaint_id,
        cycle=event.cycle,
        template=template,
        audience=AUDIENCES[template],
        medium=NAMED_WHEN_UNTOLD,
        happened_at=now,
        reason=reason,
    )
