"""Who is told that a clock was missed, and that the notice was wrong.

Lifecycle and clock events are on two topics, so either may be seen first. The department is therefore chosen by
rules that do not depend on the order of arrival: the one named by the clock event; else the *first* lead of that
cycle, waited for if need be; else triage, when the cycle ends or the wait is over.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from services.notifier.domain.choose_medium import NAMED_WHEN_UNTOLD, medium_for_department
from services.notifier.domain.complainant_messages import instant
from services.notifier.domain.composition import emit
from services.notifier.domain.notification import AUDIENCES, Template, notification_id
from services.notifier.domain.policy import CorrespondencePolicy
from services.notifier.domain.state import MAX_HELD, ClockNotice, Correspondence
from shared.events.notifications import NotificationRequested, NotificationSkipped
from shared.events.sla import ClockBreached, ClockCorrected
from shared.processing import Emit, Step


def notice_about(event: ClockBreached | ClockCorrected, cause_event_id: str, traceparent: str | None) -> ClockNotice:
    """The notice ``event`` calls for."""
    parameters = {"clock": event.clock, "due_by": instant(event.due_by)}
    if isinstance(event, ClockBreached):
        template = Template.BREACH_NOTICE
        parameters["detected_at"] = instant(event.detected_at)
    else:
        template = Template.BREACH_CORRECTED
        parameters["stopped_at"] = instant(event.stopped_at)
    return ClockNotice(
        template=template,
        cycle=event.cycle,
        clock=event.clock,
        ticket_number=event.ticket_number,
        parameters=parameters,
        cause_event_id=cause_event_id,
        traceparent=traceparent,
    )


def tell_department(
    state: Correspondence, notice: ClockNotice, named: str | None, policy: CorrespondencePolicy, now: datetime
) -> Step[Correspondence]:
    """Send ``notice``, or hold it until a department is known; once per cycle, template and clock.

    ``named`` is the department in the clock event. A correction goes to whoever got the notice it corrects.
    """
    if notice.slot in state.issued:
        return Step(state)
    if notice.template is Template.BREACH_CORRECTED:
        return _correct(state, notice, policy, now)
    department = named or state.responsible.get(notice.cycle)
    if department is None and len(state.held) >= MAX_HELD:
        department = policy.triage_department
    if department is None:
        return Step(_hold(state, notice, policy, now))
    told, output = _send(state, notice, department, policy, now)
    return Step(told, (output,))


def release(
    state: Correspondence, cycles: Iterable[int], department: str, policy: CorrespondencePolicy, now: datetime
) -> Step[Correspondence]:
    """Send the held notices of ``cycles`` to ``department``, in the order in which they came."""
    released = frozenset(cycles)
    due = [notice for notice in state.held if notice.cycle in released]
    kept = tuple(notice for notice in state.held if notice.cycle not in released)
    state = state.model_copy(update={"held": kept, "release_at": state.release_at if kept else None})
    emits: list[Emit] = []
    for notice in due:
        state, output = _send(state, notice, state.told.get(notice.clock_key, department), policy, now)
        emits.append(output)
    return Step(state, tuple(emits))


def _correct(
    state: Correspondence, notice: ClockNotice, policy: CorrespondencePolicy, now: datetime
) -> Step[Correspondence]:
    department = state.told.get(notice.clock_key)
    if department is not None:
        told, output = _send(state, notice, department, policy, now)
        return Step(told, (output,))
    if any(held.clock_key == notice.clock_key for held in state.held):
        return Step(_hold(state, notice, policy, now))
    skipped = NotificationSkipped(
        notification_id=notification_id(notice.cause_event_id, notice.template),
        complaint_id=state.complaint_id,
        cycle=notice.cycle,
        template=notice.template,
        audience=AUDIENCES[notice.template],
        medium=NAMED_WHEN_UNTOLD,
        happened_at=now,
        reason="no_breach_notice",
    )
    return Step(_issued(state, notice), (emit(skipped, notice.traceparent),))


def _hold(state: Correspondence, notice: ClockNotice, policy: CorrespondencePolicy, now: datetime) -> Correspondence:
    held = (*state.held, notice)
    release_at = state.release_at or now + policy.hold_for
    return _issued(state, notice).model_copy(update={"held": held, "release_at": release_at})


def _issued(state: Correspondence, notice: ClockNotice) -> Correspondence:
    if notice.slot in state.issued:
        return state
    return state.model_copy(update={"issued": (*state.issued, notice.slot)})


def _send(
    state: Correspondence, notice: ClockNotice, department: str, policy: CorrespondencePolicy, now: datetime
) -> tuple[Correspondence, Emit]:
    request = NotificationRequested(
        notification_id=notification_id(notice.cause_event_id, notice.template),
        complaint_id=state.complaint_id,
        ticket_number=notice.ticket_number,
        cycle=notice.cycle,
        template=notice.template,
        language=policy.department_language,
        medium=medium_for_department(),
        audience=AUDIENCES[notice.template],
        department=department,
        parameters=notice.parameters,
        cause_event_id=notice.cause_event_id,
        requested_at=now,
    )
    told = state.told | {notice.clock_key: department}
    remembered = _issued(state, notice).model_copy(update={"told": told})
    return remembered, emit(request, notice.traceparent or state.traceparent)
