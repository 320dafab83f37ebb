"""Which clock events are due when the topics are read: from the policy file and from what the clocks were told.

For journeys in which nobody answers and nothing is put on hold. Then a clock ends in one of two ways: registration is
met by the registration, every other one is breached when its time is over. Nothing of ``services`` is asked.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

import yaml

from tests.e2e.independent_reader import Read
from tests.e2e.open_hours import OpenHours, Span

ARMED, WARNED = "sla.armed.v1", "sla.warned.v1"
MET, BREACHED, CANCELLED = "sla.met.v1", "sla.breached.v1", "sla.cancelled.v1"
_ENDS = (MET, BREACHED, CANCELLED)
_BEGINNINGS = ("received", "dispatched")
"""What happens to every case here; clocks that start with anything else are never armed."""
_USED_UP_EVENLY = ("hours", "natural_days")
_WARNED_UNLESS_TOLD = [0.8]
_ROUNDING = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Reading:
    """When the topics were read, by the bus's clock, and what the clocks are allowed.

    ``lateness`` is how late an event may be while everything runs. In an outage nothing is said, and a warning whose
    deadline passes in it is never given: only the breach is.
    """

    began_at: datetime
    ended_at: datetime
    lateness: timedelta
    outages: tuple[Span, ...] = ()


@dataclass
class Verdict:
    """What is wrong, and how often each event was owed, so that a reading that owes nothing is noticed."""

    problems: list[str] = field(default_factory=list)
    owed: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(clock, event type) to the number of complaints that must have exactly one."""


@dataclass(frozen=True)
class DueClockEvents:
    """Judges clock events by policy and calendars alone."""

    clocks: Mapping[str, Mapping[str, Any]]
    calendars: Mapping[str, OpenHours]
    reading: Reading

    @classmethod
    def of_directory(cls, config: Path, reading: Reading) -> Self:
        """By the policy and the calendars of a config directory."""
        policy = yaml.safe_load((config / "sla/policy.yaml").read_text(encoding="utf-8"))
        files = (config / "calendars").glob("*.yaml")
        calendars = {file.stem: OpenHours(yaml.safe_load(file.read_text(encoding="utf-8"))) for file in files}
        return cls(policy["clocks"], calendars, reading)

    def judge(self, events: Iterable[Read], anonymous: Mapping[str, bool]) -> Verdict:
        """``events`` of each complaint in the order of the log; ``anonymous`` by the id of every accepted complaint."""
        told: dict[tuple[str, str], list[Read]] = defaultdict(list)
        for event in events:
            told[event.key, event.data["clock"]].append(event)
        verdict = Verdict()
        running = {(case, clock) for case, unknown in anonymous.items() for clock in self._clocks_of(unknown)}
        for case, clock in sorted(running | told.keys()):
            if (case, clock) not in running:
                verdict.problems.append(f"{case}: clock {clock} is promised to nobody here")
            else:
                self._judge_clock(_Clock(case, clock, told[case, clock], verdict), self.clocks[clock])
        return verdict

    def _clocks_of(self, anonymous: bool) -> list[str]:
        return [
            name
            for name, rule in self.clocks.items()
            if rule["starts_on"] in _BEGINNINGS and not (anonymous and rule.get("applies_when") == "complainant_known")
        ]

    def _judge_clock(self, clock: _Clock, rule: Mapping[str, Any]) -> None:
        if not clock.armed:
            clock.say("was never armed")
            return
        clock.judge_order()
        self._judge_end(clock, MET if rule["stops_on"] == "registered" else BREACHED)
        levels = rule.get("warn_at", _WARNED_UNLESS_TOLD)
        for level in levels:
            self._judge_warning(clock, rule, level)
        if any(warning.data["level"] not in levels for warning in clock.told_as(WARNED)):
            clock.say("is warned of at a level of no policy")

    def _judge_end(self, clock: _Clock, end_due: str) -> None:
        if end_due == MET or clock.due_by + self.reading.lateness <= self.reading.began_at:
            clock.must_have_one(end_due, len(clock.told_as(end_due)))
        elif clock.due_by > self.reading.ended_at and clock.ends:
            clock.say("ended, but was not due yet")
        if len(clock.ends) > 1:
            clock.say(f"ended {len(clock.ends)} times")
        for end in clock.ends:
            clock.judge_end(end, end_due)

    def _judge_warning(self, clock: _Clock, rule: Mapping[str, Any], level: float) -> None:
        warnings = [warning for warning in clock.told_as(WARNED) if warning.data["level"] == level]
        for warning in warnings:
            detected_at, due_by = _at(warning, "detected_at"), _at(warning, "due_by")
            if detected_at < self._warned_at(rule, _at(warning, "started_at"), due_by, level) - _ROUNDING:
                clock.say("is warned of early")
            if detected_at >= due_by:
                clock.say("is warned of after its deadline")
        warned_at = self._warned_at(rule, clock.started_at, clock.due_by, level)
        silent_from = min(clock.over_at, self.reading.began_at)
        if self._is_time_to_say_it(max(warned_at, clock.armed_at), silent_from):
            clock.must_have_one(WARNED, len(warnings))
        elif len(warnings) > 1:
            clock.say(f"is warned of {len(warnings)} times")

    def _warned_at(self, rule: Mapping[str, Any], started_at: datetime, due_by: datetime, level: float) -> datetime:
        if rule["unit"] in _USED_UP_EVENLY:
            return started_at + (due_by - started_at) * level
        return self.calendars[rule["calendar"]].used_up_at(started_at, due_by, level)

    def _is_time_to_say_it(self, begin: datetime, end: datetime) -> bool:
        """Whether there is a stretch without an outage in which a service that is up must have come round."""
        for down_at, up_at in sorted(self.reading.outages):
            if up_at <= begin:
                continue
            if min(down_at, end) - begin >= self.reading.lateness:
                return True
            begin = max(begin, up_at)
        return end - begin >= self.reading.lateness


class _Clock:
    """One clock of one complaint as the log tells it."""

    def __init__(self, case: str, name: str, told: list[Read], verdict: Verdict) -> None:
        self._case = case
        self._name = name
        self._told = told
        self._verdict = verdict
        self.armed = self.told_as(ARMED)
        self.ends = [event for event in told if event.event_type in _ENDS]

    def told_as(self, event_type: str) -> list[Read]:
        """Its events of one type."""
        return [event for event in self._told if event.event_type == event_type]

    @property
    def started_at(self) -> datetime:
        """Its start as last told."""
        return _at(self.armed[-1], "started_at")

    @property
    def due_by(self) -> datetime:
        """Its deadline as last told."""
        return _at(self.armed[-1], "due_by")

    @property
    def armed_at(self) -> datetime:
        """Since when it runs to this deadline; a warning cannot have come before."""
        made_at = self.armed[-1].made_at
        assert made_at is not None
        return made_at

    @property
    def over_at(self) -> datetime:
        """From when on no warning is due any more."""
        met = self.told_as(MET)
        return min(self.due_by, _at(met[0], "stopped_at")) if met else self.due_by

    def must_have_one(self, event_type: str, found: int) -> None:
        """An event is due: exactly one."""
        self._verdict.owed[self._name, event_type] += 1
        if found != 1:
            self.say(f"must have one {event_type} and has {found}")

    def judge_order(self) -> None:
        """Nothing is said of another cycle, after the end, or that no policy knows."""
        if {event.data["cycle"] for event in self._told} != {1}:
            self.say("runs in a cycle nobody opened")
        if any(event.event_type in _ENDS for event in self._told[:-1]):
            self.say("says something after its end")
        if unknown := {event.event_type for event in self._told} - {ARMED, WARNED, *_ENDS}:
            self.say(f"says what nothing asks for: {', '.join(sorted(unknown))}")

    def judge_end(self, end: Read, end_due: str) -> None:
        """The right end, by the deadline last told, and not before its time."""
        if end.event_type != end_due:
            self.say(f"ended with {end.event_type}, {end_due} is the only end here")
        if _at(end, "due_by") != self.due_by:
            self.say("ended by another deadline than was told")
        if end.event_type == BREACHED and _at(end, "detected_at") < self.due_by:
            self.say("was breached early")
        if end.event_type == MET and _at(end, "stopped_at") > self.due_by:
            self.say("was met after its deadline")

    def say(self, what: str) -> None:
        """Note a problem."""
        self._verdict.problems.append(f"{self._case}: clock {self._name} {what}")


def _at(event: Read, name: str) -> datetime:
    return datetime.fromisoformat(event.data[name])
