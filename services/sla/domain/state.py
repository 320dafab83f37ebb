"""What the SLA service remembers of one complaint: its running clocks, and what late facts may still correct.

One row per complaint, because its clocks start, pause and end together. Instants are whole microseconds since the
epoch (``wall_clock``): exact, short in JSON and fast to read, so that a restart with a million clocks takes seconds.
No personal data. What is done with is dropped: a finished clock leaves only its name, and the name only until the
case is reopened.
"""

from __future__ import annotations

from pydantic import Field

from shared.events.base import Contract


class RunningClock(Contract):
    """A clock of the current cycle that was armed and has not ended."""

    clock: str = Field(description="Clock id of the policy.")
    start: int = Field(description="Start.")
    due: int = Field(description="Deadline as last announced.")
    warn: tuple[tuple[float, int], ...] = Field((), description="Warnings to come: level and instant, ascending.")
    warned: tuple[float, ...] = Field((), description="Levels warned of; each at most once.")
    revision: int = Field(0, description="How often the deadline was moved.")
    paused: bool = Field(False, description="True while a hold stops this clock: nothing fires but at the limit.")
    limit: int | None = Field(None, description="The regulator's deadline, which no hold moves.")
    provisional: bool = Field(False, description="True when holidays up to the deadline are not announced yet.")
    policy: str = Field(description="Version of the policy that set the deadline.")
    calendar: str = Field(description="Version of the calendar that set the deadline.")
    override: str | None = Field(None, description="Override of the policy that decided about this clock.")

    @property
    def limited(self) -> bool:
        """Whether the regulator's deadline governs."""
        return self.limit is not None and self.due >= self.limit

    @property
    def next_instant(self) -> int | None:
        """When this clock fires next; None while paused."""
        if self.paused:
            return self.limit
        return min(self.warn[0][1], self.due) if self.warn else self.due


class BreachedClock(Contract):
    """A breach that was announced, kept because a late fact may prove it wrong."""

    clock: str = Field(description="Clock id of the policy.")
    cycle: int = Field(description="Cycle of the case the clock belonged to.")
    start: int = Field(description="Start.")
    due: int = Field(description="The deadline that was missed.")
    provisional: bool = Field(False, description="As announced.")
    department: str | None = Field(None, description="Lead department at the time.")
    policy: str = Field(description="Version of the policy that set the deadline.")
    calendar: str = Field(description="Version of the calendar that set the deadline.")
    override: str | None = Field(None, description="Override of the policy that decided about this clock.")
    limited: bool = Field(False, description="True where the regulator's deadline was the one missed.")


class ComplaintClocks(Contract):
    """State row of one complaint."""

    complaint_id: str = Field(description="The complaint.")
    ticket: str = Field(description="Ticket number, repeated in every clock event.")
    cycle: int = Field(1, description="Current cycle; each reopening starts the next.")
    channel: str | None = Field(None, description="Channel it came in by; decides overrides.")
    anonymous: bool = Field(False, description="True when nobody can be contacted; decides which clocks apply.")
    category: str | None = Field(None, description="Category, once assessed; decides overrides.")
    severity: str | None = Field(None, description="Severity, once assessed; decides overrides.")
    respond_by: int | None = Field(None, description="Deadline printed by the regulator.")
    department: str | None = Field(None, description="Lead department, from dispatch on.")
    traceparent: str | None = Field(None, description="Trace of the journey; what timers fire is linked to it.")
    running: tuple[RunningClock, ...] = Field((), description="Clocks of this cycle that have not ended.")
    done: tuple[str, ...] = Field((), description="Ids of the clocks of this cycle that ended.")
    breached: tuple[BreachedClock, ...] = Field((), description="Latest breaches, of any cycle, not yet corrected.")
    holds: dict[str, int] = Field(default_factory=dict, description="Assignments on hold, and since when.")
    pauses: tuple[tuple[int, int], ...] = Field((), description="Holds of this cycle that ended, unioned.")
    helping: tuple[str, ...] = Field((), description="Assignments of this cycle that need not be done.")
    settled: int | None = Field(
        None, description="When the cycle was resolved, closed, withdrawn or rejected: no clock starts after it."
    )

    @property
    def at_risk(self) -> tuple[RunningClock, ...]:
        """Clocks that were warned of and still run. Not those on hold: their deadlines move while it lasts."""
        return tuple(clock for clock in self.running if clock.warned and not clock.paused)
