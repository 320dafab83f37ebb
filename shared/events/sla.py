"""Facts on ``sla.events.v1``: what the clocks did. Written by the SLA service alone.

Per (complaint, cycle, clock): ``armed`` at the start and again when the target changes, at most one ``warned`` per
level, exactly one of ``met``, ``breached`` or ``cancelled``; a late fact that proves a breach wrong adds ``corrected``.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from shared.events.base import Event, UtcDatetime


class ClockEvent(Event):
    """What every clock event says."""

    complaint_id: str = Field(description="The case.")
    ticket_number: str = Field(description="The number people read aloud.")
    cycle: int = Field(ge=1, description="Cycle of the case.")
    clock: str = Field(description="Clock id of the policy, e.g. first_response.")
    department: str | None = Field(None, description="Lead department when it happened; absent before dispatch.")
    started_at: UtcDatetime = Field(description="Start of the clock.")
    due_by: UtcDatetime = Field(description="The deadline.")
    provisional: bool = Field(
        False, description="True when the calendar of that year is not announced yet, or begins later."
    )
    policy_version: str = Field(description="Version of the SLA policy.")
    calendar_version: str = Field(description="Version of the business calendar.")
    override_id: str | None = Field(
        None,
        description="Override of the policy that decided the target, or that no hold pauses this clock; absent: none.",
    )
    limited_by: str | None = Field(
        None, description="regulator: due_by is the regulator's date, which no hold moves; absent: the policy decides."
    )


class ClockArmed(ClockEvent):
    """The clock runs."""

    event_type: ClassVar[str] = "sla.armed.v1"


class ClockWarned(ClockEvent):
    """A share of the time is used up."""

    event_type: ClassVar[str] = "sla.warned.v1"
    level: float = Field(gt=0, lt=1, description="Share of the time used up, e.g. 0.8.")
    detected_at: UtcDatetime = Field(description="When the service fired it.")


class ClockBreached(ClockEvent):
    """The deadline passed without the fact that stops the clock."""

    event_type: ClassVar[str] = "sla.breached.v1"
    detected_at: UtcDatetime = Field(description="When the service knew; due_by is the true instant.")
    stopped_at: UtcDatetime | None = Field(None, description="When the stop happened, if late and already known.")


class ClockEscalated(ClockEvent):
    """A breach stays open beyond the next level of the policy."""

    event_type: ClassVar[str] = "sla.escalated.v1"
    level: int = Field(ge=1, description="Escalation level.")
    detected_at: UtcDatetime = Field(description="When the service fired it.")


class ClockMet(ClockEvent):
    """The stopping fact happened at or before the deadline."""

    event_type: ClassVar[str] = "sla.met.v1"
    stopped_at: UtcDatetime = Field(description="When the stopping fact happened.")


class ClockCancelled(ClockEvent):
    """The clock no longer applies: withdrawn, rejected, reopened, not_applicable."""

    event_type: ClassVar[str] = "sla.cancelled.v1"
    cancelled_at: UtcDatetime = Field(description="As of when.")
    reason: str = Field(description="Reason code.")


class ClockCorrected(ClockEvent):
    """A late-arriving fact shows that an emitted breach was wrong; both stay in the history."""

    event_type: ClassVar[str] = "sla.corrected.v1"
    stopped_at: UtcDatetime = Field(description="When the stopping fact truly happened.")
    corrects_event_id: str = Field(description="ce_id of the breach that was wrong.")


ClockEvents = ClockArmed | ClockWarned | ClockBreached | ClockEscalated | ClockMet | ClockCancelled | ClockCorrected
"""Any clock event."""
