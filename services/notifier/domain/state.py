"""What the composer remembers of one complaint: whom to write to, what was written, what waits for a department."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from services.notifier.domain.notification import Template
from shared.events.base import Contract, UtcDatetime
from shared.events.complaint import Complainant

MAX_HELD = 32
"""From this many held notices per complaint on, further breaches go to triage at once; a policy has some six clocks."""


class ClockNotice(Contract):
    """A message to a department about one clock, complete but for the department."""

    template: Template = Field(description="breach_notice or breach_corrected.")
    cycle: int = Field(ge=1, description="Cycle of the case.")
    clock: str = Field(description="Clock id.")
    ticket_number: str = Field(description="The number people read aloud.")
    parameters: dict[str, str] = Field(description="Values for the template.")
    cause_event_id: str = Field(description="ce_id of the clock event.")
    traceparent: str | None = Field(None, description="Trace context of the clock event.")

    @property
    def clock_key(self) -> str:
        """Which clock of which cycle."""
        return f"{self.cycle}/{self.clock}"

    @property
    def slot(self) -> str:
        """What there is to be only one of."""
        return f"{self.cycle}/{self.template}/{self.clock}"


class Correspondence(Contract):
    """The state of one complaint. Personal data is in ``complainant`` only."""

    complaint_id: str = Field(description="The case; also the key of the state.")
    complainant: Complainant | None = Field(
        None, description="Name and address to write to; absent until registered. Personal data."
    )
    language: str = Field("zh-CN", description="Language to write to the complainant in.")
    contact_consent: bool = Field(True, description="May be contacted about this complaint.")
    traceparent: str | None = Field(None, description="Trace context of the registration.")
    responsible: dict[int, str] = Field(
        default_factory=dict, description="By cycle: the first lead, or triage when the cycle ended without one."
    )
    issued: tuple[str, ...] = Field((), description="Messages requested or skipped: cycle/template[/clock].")
    told: dict[str, str] = Field(
        default_factory=dict, description="By cycle/clock: the department that got the breach notice."
    )
    held: tuple[ClockNotice, ...] = Field((), description="Notices waiting for a department, in order.")
    release_at: UtcDatetime | None = Field(None, description="When held notices go to triage instead.")
    forget_at: UtcDatetime | None = Field(None, description="When this state is dropped, the case having ended.")

    def due_at(self) -> datetime | None:
        """When time itself changes this state next."""
        return min((at for at in (self.release_at, self.forget_at) if at is not None), default=None)
