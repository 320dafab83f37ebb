"""The SLA policy: which clocks run for a case, what starts and stops them, and how long they may take.

Policy is data (``deploy/config/sla/policy.yaml``); this module says what it must look like and which clocks a given
case gets. Every answer can name the policy version and the overrides that made it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.sla.domain.day_units import DayRules
from services.sla.domain.deadlines import DAY_UNITS, Unit
from shared.events.complaint import Channel
from shared.events.decisions import Severity


class Milestone(StrEnum):
    """Facts of a case that start or stop clocks."""

    RECEIVED = "received"
    REGISTERED = "registered"
    DISPATCHED = "dispatched"
    FIRST_RESPONSE = "first_response"
    VERIFIED = "verified"
    CONTACTED = "contacted"
    RESOLVED = "resolved"
    CALLED_BACK = "called_back"


_IN_ORDER: Final = tuple(Milestone)

ClockId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Fraction = Annotated[float, Field(gt=0, lt=1)]


class _PolicyPart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Target(_PolicyPart):
    """How long something may take."""

    n: float = Field(gt=0, le=10_000, allow_inf_nan=False, description="How many units; days are whole.")
    unit: Unit = Field(description="What is counted: elapsed hours, open time, working days or natural days.")

    @model_validator(mode="after")
    def _days_are_whole(self) -> Self:
        if self.unit in DAY_UNITS and self.n != int(self.n):
            raise ValueError(f"n = {self.n}: {self.unit.replace('_', ' ')} are counted whole")
        return self


class ClockDefinition(Target):
    """One clock of the policy."""

    description: str = Field("", description="The promise, in a sentence.")
    starts_on: Milestone = Field(description="The fact whose instant starts the clock.")
    stops_on: Milestone = Field(description="The fact that stops it.")
    calendar: str = Field(description="Name of the business calendar, a file of deploy/config/calendars.")
    day_end: Literal["close", "24:00"] = Field(
        "close", description="working_days: due at the close of business hours of the last day, or at its midnight."
    )
    roll_forward: bool = Field(
        True, description="natural_days: a last day that is not a working day moves to the next one (民法典 §203)."
    )
    warn_at: tuple[Fraction, ...] = Field(
        (0.8,), description="Shares of the time after which a warning is due, ascending; one warning per level."
    )
    pausable: bool = Field(description="Whether a hold of the case pauses this clock.")
    applies_when: Literal["always", "complainant_known"] = Field(
        "always", description="complainant_known: the clock does not run for anonymous complaints."
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if _IN_ORDER.index(self.starts_on) >= _IN_ORDER.index(self.stops_on):
            raise ValueError(f"starts on {self.starts_on} and stops on {self.stops_on}: it could never run")
        if list(self.warn_at) != sorted(set(self.warn_at)):
            raise ValueError(f"warn_at {list(self.warn_at)} must ascend without repetition")
        return self

    @property
    def day_rules(self) -> DayRules:
        """The rules for units of days, as ``deadline`` takes them."""
        return DayRules(day_end=self.day_end, roll_forward=self.roll_forward)

    def with_target(self, target: Target) -> ClockDefinition:
        """This clock with another target."""
        return self.model_copy(update={"n": target.n, "unit": target.unit})

    def never_paused(self) -> ClockDefinition:
        """This clock, paused by no hold."""
        return self.model_copy(update={"pausable": False}) if self.pausable else self


class Condition(_PolicyPart):
    """Which cases an override is for; every value that is given must be equal."""

    category: str | None = Field(None, description="Category id of the taxonomy.")
    severity: Severity | None = Field(None, description="low, medium, high or critical.")
    channel: Channel | None = Field(None, description="Channel the complaint came in by.")

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if self.category is None and self.severity is None and self.channel is None:
            raise ValueError("names no category, severity or channel: change the clock itself instead")
        return self

    def matches(self, *, category: str | None, severity: str | None, channel: str | None) -> bool:
        """Whether a case is meant; what is not known yet (None) does not match."""
        pairs = ((self.category, category), (self.severity, severity), (self.channel, channel))
        return all(wanted is None or wanted == actual for wanted, actual in pairs)


class Override(_PolicyPart):
    """Other targets for some cases, or clocks that no hold pauses."""

    id: str = Field(min_length=1, description="Name of this override, carried by what it decided.")
    description: str = Field("", description="Why, in a sentence.")
    when: Condition = Field(description="Which cases.")
    clocks: dict[ClockId, Target] = Field(default_factory=dict, description="New target by clock.")
    pausable: Literal[False] | None = Field(
        None, description="false: no hold pauses any clock of these cases. Absent: as each clock says."
    )

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.clocks and self.pausable is None:
            raise ValueError("changes nothing: name clocks with other targets, or say pausable: false")
        return self


class SlaPolicy(_PolicyPart):
    """All clocks and overrides. Overrides are tried in order; where several match, the last one decides a clock."""

    version: str = Field(min_length=1, description="Version carried by every clock event.")
    clocks: dict[ClockId, ClockDefinition] = Field(min_length=1, description="Clocks by id.")
    holds_that_pause: Literal["lead_and_mandatory", "every_part"] = Field(
        "lead_and_mandatory",
        description="Whose hold pauses a case's pausable clocks: of the parts that must be done, or of every part.",
    )
    overrides: tuple[Override, ...] = Field((), description="Other targets by category, severity or channel.")

    @model_validator(mode="after")
    def _overrides_name_clocks(self) -> Self:
        seen: set[str] = set()
        for override in self.overrides:
            if unknown := sorted(set(override.clocks) - set(self.clocks)):
                raise ValueError(f"override {override.id!r} names unknown clocks: {', '.join(unknown)}")
            if override.id in seen:
                raise ValueError(f"two overrides are called {override.id!r}")
            seen.add(override.id)
        return self

    def clocks_for(
        self,
        *,
        category: str | None = None,
        severity: str | None = None,
        channel: str | None = None,
        anonymous: bool = False,
    ) -> dict[str, ClockDefinition]:
        """The clocks of a case with their targets, in the order of the policy."""
        clocks = {name: clock for name, clock in self.clocks.items() if _applies(clock, anonymous=anonymous)}
        for override in self.overrides_for(category=category, severity=severity, channel=channel):
            changed = ((name, target) for name, target in override.clocks.items() if name in clocks)
            clocks.update({name: clocks[name].with_target(target) for name, target in changed})
            if override.pausable is False:
                clocks = {name: clock.never_paused() for name, clock in clocks.items()}
        return clocks

    def override_of(
        self, clock: str, *, category: str | None = None, severity: str | None = None, channel: str | None = None
    ) -> str | None:
        """Id of the override that decided a clock's target; where none did, of the one that lets no hold pause it."""
        matching = self.overrides_for(category=category, severity=severity, channel=channel)
        about_target = [one.id for one in matching if clock in one.clocks]
        about_holds = [one.id for one in matching if one.pausable is False and self.clocks[clock].pausable]
        return next(iter((*about_target[::-1], *about_holds)), None)

    def overrides_for(
        self, *, category: str | None = None, severity: str | None = None, channel: str | None = None
    ) -> tuple[Override, ...]:
        """The overrides that are meant for a case, in order."""
        return tuple(
            override
            for override in self.overrides
            if override.when.matches(category=category, severity=severity, channel=channel)
        )


def _applies(clock: ClockDefinition, *, anonymous: bool) -> bool:
    return clock.applies_when == "always" or not anonymous
