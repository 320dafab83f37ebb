"""What the SLA service says: clock events with ids that follow from the clock alone.

Whatever record or timer brings a fact to light, and however often, the same clock says it under the same id. The
three ways a clock can end share one id, so no reader that knows ids can ever see two ends of one clock.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.sla.domain.state import BreachedClock, RunningClock
from services.sla.domain.wall_clock import datetime_of
from shared.events import ids
from shared.events.sla import (
    ClockArmed,
    ClockBreached,
    ClockCancelled,
    ClockCorrected,
    ClockEvents,
    ClockMet,
    ClockWarned,
)
from shared.events.topics import SLA_EVENTS
from shared.processing import Emit

_END = "sla.end"
"""Stands for met, breached and cancelled in ids: of these a clock says exactly one."""


class Announcer:
    """Collects the events about one complaint during one step."""

    __slots__ = ("_complaint_id", "_ticket", "said")

    def __init__(self, complaint_id: str, ticket: str) -> None:
        self._complaint_id = complaint_id
        self._ticket = ticket
        self.said: list[Emit] = []

    def armed(self, clock: RunningClock, cycle: int, department: str | None) -> None:
        """The clock runs, or runs to another deadline."""
        said = self._about(clock, cycle, department)
        self._say(ClockArmed, said, ClockArmed.event_type, f"{cycle}/{clock.clock}/{clock.revision}")

    def warned(
        self, clock: RunningClock, cycle: int, department: str | None, level: float, detected_at: datetime
    ) -> None:
        """A share of the time is used up."""
        said = self._about(clock, cycle, department, level=level, detected_at=detected_at)
        self._say(ClockWarned, said, ClockWarned.event_type, f"{cycle}/{clock.clock}/{level}")

    def met(self, clock: RunningClock, cycle: int, department: str | None, stopped: int) -> None:
        """Stopped in time."""
        said = self._about(clock, cycle, department, stopped_at=datetime_of(stopped))
        self._say(ClockMet, said, _END, f"{cycle}/{clock.clock}")

    def breached(self, clock: BreachedClock, detected_at: datetime, stopped: int | None) -> None:
        """Not stopped in time; ``stopped`` when the late stop is known already."""
        stopped_at = None if stopped is None else datetime_of(stopped)
        said = self._about(clock, clock.cycle, clock.department, detected_at=detected_at, stopped_at=stopped_at)
        self._say(ClockBreached, said, _END, f"{clock.cycle}/{clock.clock}")

    def cancelled(self, clock: RunningClock, cycle: int, department: str | None, at: int, reason: str) -> None:
        """The clock no longer applies."""
        said = self._about(clock, cycle, department, cancelled_at=datetime_of(at), reason=reason)
        self._say(ClockCancelled, said, _END, f"{cycle}/{clock.clock}")

    def corrected(self, clock: BreachedClock, due: int, stopped: int) -> None:
        """The breach was wrong: with the deadline ``due`` the fact at ``stopped`` was in time."""
        place = f"{clock.cycle}/{clock.clock}"
        breach_id = ids.event_id(self._complaint_id, _END, place)
        said = self._about(clock, clock.cycle, clock.department, stopped_at=datetime_of(stopped))
        if due != clock.due:  # another deadline was decided by something else
            said |= {"override_id": None, "limited_by": None}
        said |= {"due_by": datetime_of(due), "corrects_event_id": breach_id}
        self._say(ClockCorrected, said, ClockCorrected.event_type, place)

    def _about(
        self, clock: RunningClock | BreachedClock, cycle: int, department: str | None, **more: Any
    ) -> dict[str, Any]:
        if clock.override is not None:
            more["override_id"] = clock.override
        if clock.limited:
            more["limited_by"] = "regulator"
        return {
            "complaint_id": self._complaint_id,
            "ticket_number": self._ticket,
            "cycle": cycle,
            "clock": clock.clock,
            "department": department,
            "started_at": datetime_of(clock.start),
            "due_by": datetime_of(clock.due),
            "provisional": clock.provisional,
            "policy_version": clock.policy,
            "calendar_version": clock.calendar,
            **more,
        }

    def _say(self, model: type[ClockEvents], said: dict[str, Any], kind: str, which: str) -> None:
        event = model.model_validate(said)
        self.said.append(Emit(SLA_EVENTS, event, ids.event_id(self._complaint_id, kind, which)))
