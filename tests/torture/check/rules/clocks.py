"""L8: every clock ends once, at the right deadline, for a true reason, and never early."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from tests.torture.check.cycle_facts import Facts, facts_by_cycle
from tests.torture.check.findings import Findings, RuleResult
from tests.torture.check.history import CaseHistory, History
from tests.torture.check.oracle_clocks import ClockOracle
from tests.torture.check.oracle_holds import HoldOracle
from tests.torture.check.records import Clock, ComplaintFacts, Record

_ENDS = ("sla.met.v1", "sla.breached.v1", "sla.cancelled.v1")
_MILLION = 1_000_000


@dataclass
class Figures:
    """What is said about the run as a whole."""

    not_recomputed: int = 0
    latest_microseconds: int = 0


def clocks(history: History) -> RuleResult:
    """Judge every clock of every registered complaint."""
    findings = Findings("L8", "clocks end once, on time, for a reason")
    oracle = ClockOracle.of_directory(history.run.config_directory)
    holds = HoldOracle.of_directory(history.run.config_directory)
    figures, horizon = Figures(), _horizon(history)
    for complaint_id, case in history.cases.items():
        registered = case.registered
        if registered is not None and registered.facts is not None:
            _Judge(findings, figures, oracle, holds, history, horizon, complaint_id, case).judge()
    findings.note(f"{figures.not_recomputed} clocks of cases that were on hold: deadline not computed again here")
    latest = figures.latest_microseconds / _MILLION / history.run.speed
    findings.note(f"latest breach fired {latest:.1f} s after its deadline, by the machine's clock")
    return findings.result()


def _horizon(history: History) -> int:
    """What was due before this instant must have ended; a recovery's time is allowed for."""
    allowance = round(history.run.rto_seconds * history.run.speed * _MILLION)
    if history.run.clocks_stopped_at is not None:
        return history.run.clocks_stopped_at - allowance
    fired = [
        record.facts.at
        for case in history.cases.values()
        for record in case.clocks
        if record.event_type in ("sla.breached.v1", "sla.warned.v1") and record.facts is not None
    ]
    return max(fired, default=0) - allowance


class _Judge:
    """Judges the clocks of one complaint."""

    def __init__(
        self,
        findings: Findings,
        figures: Figures,
        oracle: ClockOracle,
        holds: HoldOracle,
        history: History,
        horizon: int,
        complaint_id: str,
        case: CaseHistory,
    ) -> None:
        assert case.registered is not None
        self._findings = findings
        self._figures = figures
        self._oracle = oracle
        self._horizon = horizon
        self._margin_ms = round(history.run.rto_seconds * 1000)
        self._id = complaint_id
        self._case = case
        self._complaint: ComplaintFacts = case.registered.facts.detail
        self._cycles = facts_by_cycle(case)
        self._holds = holds.pausing(case)

    def judge(self) -> None:
        """Every clock that must run, and every clock event there is."""
        events: dict[tuple[int, str], list[Record]] = defaultdict(list)
        for record in self._case.clocks:
            if record.facts is not None:
                events[record.facts.cycle, record.facts.clock].append(record)
        for cycle, name in sorted(self._owed() | events.keys()):
            self._findings.check()
            facts = self._cycles.get(cycle)
            if facts is None or name not in self._oracle.clocks:
                self._say(cycle, name, "runs in a cycle or by a policy that does not exist")
                continue
            told = events.get((cycle, name), [])
            self._judge_clock(cycle, name, facts, told)

    def _owed(self) -> set[tuple[int, str]]:
        owed = set()
        for cycle, facts in self._cycles.items():
            for name, rule in self._oracle.clocks.items():
                is_applicable = not (rule.only_if_known and self._complaint.anonymous)
                is_first_time = cycle == 1 or rule.stops_on != "registered"
                if rule.starts_on in facts.starts and is_applicable and is_first_time:
                    owed.add((cycle, name))
        return owed

    def _judge_clock(self, cycle: int, name: str, facts: Facts, told: list[Record]) -> None:
        armed = [record for record in told if record.event_type == "sla.armed.v1"]
        ends = [record for record in told if record.event_type in _ENDS]
        if not armed:
            self._say(cycle, name, "was never armed")
            return
        if len(ends) > 1:
            self._say(cycle, name, f"ended {len(ends)} times")
        last: Record = ends[0] if ends else armed[-1]
        clock: Clock = last.facts
        rule = self._oracle.clocks[name]
        if clock.started_at != facts.starts.get(rule.starts_on):
            self._say(cycle, name, "does not start with the fact that starts it")
        self._judge_deadline(cycle, name, last)
        stops = self._stops(cycle, rule.stops_on, facts)
        given_up = facts.given_up + ([] if rule.starts_on == "resolved" else facts.reached["resolved"])
        if not ends:
            if stops or given_up:
                self._say(cycle, name, "was stopped, but never ended")
            elif clock.due_by <= self._horizon and not self._may_wait(cycle, name):
                self._say(cycle, name, "was due, but never ended")
            return
        self._judge_end(cycle, name, ends[0], stops, given_up)
        self._judge_corrections(cycle, name, ends[0], told, stops + given_up)
        self._judge_warnings(cycle, name, told)

    def _stops(self, cycle: int, milestone: str, facts: Facts) -> list[int]:
        """When the milestone was reached. Nobody can speak to an anonymous complainant: any progress is an answer."""
        if milestone != "first_response" or not self._complaint.anonymous:
            return facts.reached[milestone]
        entries = [one.facts for one in self._case.entries("complaint.progressed.v1") if one.facts is not None]
        return facts.reached[milestone] + [entry.happened_at for entry in entries if entry.cycle == cycle]

    def _may_wait(self, cycle: int, name: str) -> bool:
        """Whether a hold of this cycle may have paused the clock."""
        return any(hold.facts.cycle == cycle for hold in self._holds) and self._can_pause(name)

    def _can_pause(self, name: str) -> bool:
        """As assessed: nobody can hold a case before it is assessed and dispatched."""
        assessed = self._case.assessed
        if assessed is None or assessed.facts is None:
            return self._oracle.can_pause(name, None, None, self._complaint.channel)
        kind = assessed.facts.detail
        return self._oracle.can_pause(name, kind.category, kind.severity, self._complaint.channel)

    def _judge_deadline(self, cycle: int, name: str, last: Record) -> None:
        clock = last.facts
        if self._may_wait(cycle, name):
            self._figures.not_recomputed += 1
            return
        expected = {self._due(name, cycle, clock.started_at, target) for target in self._targets(name, last)}
        if None in expected:
            self._figures.not_recomputed += 1
        elif clock.due_by not in expected:
            away = min(abs(clock.due_by - due) for due in expected if due is not None) / _MILLION
            self._say(cycle, name, f"deadline is {away:.0f} s away from the oracle's")

    def _targets(self, name: str, last: Record) -> set[tuple[float, str]]:
        """Targets that may apply: before the assessment was heard of, those of an unknown kind of case."""
        channel, assessed = self._complaint.channel, self._case.assessed
        before = self._oracle.target(name, None, None, channel)
        if assessed is None or assessed.facts is None:
            return {before}
        kind = assessed.facts.detail
        after = self._oracle.target(name, kind.category, kind.severity, channel)
        is_early = last.event_type in _ENDS and last.written_at < assessed.written_at + self._margin_ms
        return {before, after} if is_early else {after}

    def _due_as_assessed(self, cycle: int, name: str, end: Record) -> int:
        """The deadline announced, or an earlier one the assessment asks for: a breach of that was right."""
        clock: Clock = end.facts
        assessed = self._case.assessed
        if assessed is None or assessed.facts is None:
            return clock.due_by
        kind = assessed.facts.detail
        target = self._oracle.target(name, kind.category, kind.severity, self._complaint.channel)
        return min(clock.due_by, self._due(name, cycle, clock.started_at, target) or clock.due_by)

    def _due(self, name: str, cycle: int, start: int, target: tuple[float, str]) -> int | None:
        due, limit = self._oracle.due(name, target, start), self._complaint.respond_by
        is_limited = limit is not None and self._oracle.clocks[name].stops_on == "resolved"
        if due is None or limit is None or not is_limited or (cycle > 1 and limit <= start):
            return due
        return min(due, limit)

    def _judge_end(self, cycle: int, name: str, end: Record, stops: list[int], given_up: list[int]) -> None:
        clock: Clock = end.facts
        if end.event_type == "sla.met.v1":
            if clock.at not in stops or clock.at > clock.due_by:
                self._say(cycle, name, "is met by no fact that happened in time")
        elif end.event_type == "sla.cancelled.v1":
            if clock.at not in given_up or clock.at > clock.due_by:
                self._say(cycle, name, "is cancelled, but nothing ended it in time")
        else:
            assert clock.at is not None
            self._figures.latest_microseconds = max(self._figures.latest_microseconds, clock.at - clock.due_by)
            if clock.at < clock.due_by:
                self._say(cycle, name, "was breached before its deadline")
            if clock.stopped_at is not None and (clock.stopped_at not in stops or clock.stopped_at <= clock.due_by):
                self._say(cycle, name, "was stopped late by no fact")

    def _judge_corrections(self, cycle: int, name: str, end: Record, told: list[Record], facts: list[int]) -> None:
        corrections = [record for record in told if record.event_type == "sla.corrected.v1"]
        if end.event_type != "sla.breached.v1":
            if corrections:
                self._say(cycle, name, "is corrected without a breach")
            return
        was_wrong = any(at <= self._due_as_assessed(cycle, name, end) for at in facts)
        if len(corrections) > 1 or (was_wrong and not corrections):
            self._say(cycle, name, f"was breached, wrongly as is known now, and corrected {len(corrections)} times")
        for correction in corrections:
            clock: Clock = correction.facts
            if clock.corrects != end.event_id or clock.at not in facts or clock.at > clock.due_by:
                self._say(cycle, name, "is corrected by no fact that happened in time")
            if clock.due_by > end.facts.due_by and not self._could_move(cycle, name, end, clock.due_by):
                self._say(cycle, name, "is corrected by a hold reported after the breach")

    def _could_move(self, cycle: int, name: str, breach: Record, to: int) -> bool:
        """Whether a deadline that was missed could be this late: by the assessment, or by a hold told of before."""
        targets = self._targets(name, breach)
        if to in {self._due(name, cycle, breach.facts.started_at, target) for target in targets}:
            return True
        latest = breach.written_at + self._margin_ms
        return self._can_pause(name) and any(
            hold.facts.cycle == cycle and hold.written_at <= latest for hold in self._holds
        )

    def _judge_warnings(self, cycle: int, name: str, told: list[Record]) -> None:
        warnings: list[Clock] = [record.facts for record in told if record.event_type == "sla.warned.v1"]
        if len({warning.level for warning in warnings}) < len(warnings):
            self._say(cycle, name, "is warned of twice at one level")
        if self._oracle.clocks[name].unit != "hours" or self._may_wait(cycle, name):
            return
        for warning in warnings:
            assert warning.level is not None
            assert warning.at is not None
            if warning.at < warning.started_at + (warning.due_by - warning.started_at) * warning.level - _MILLION:
                self._say(cycle, name, "is warned of early")

    def _say(self, cycle: int, name: str, what: str) -> None:
        self._findings.breach(self._id, f"clock {name} of cycle {cycle} {what}")
