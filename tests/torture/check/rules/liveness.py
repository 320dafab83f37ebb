"""L15: once everything is healed, the door, the router and the clocks work again within the recovery time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from shared.events import topics
from tests.torture.check.findings import Findings, RuleResult
from tests.torture.check.history import History
from tests.torture.check.run_files import Fault

_MILLION = 1_000_000


class Heal(NamedTuple):
    """The end of the last of overlapping faults, and when the next one begins."""

    fault: Fault
    broken_again_at: int | None


class Work(NamedTuple):
    """When something was asked of a part of the bus, and when it did something; ascending, by the bus's clock."""

    asked: Sequence[int]
    done: Sequence[int]


def liveness(history: History) -> RuleResult:
    """From the first request after each heal, the time to the first success."""
    findings = Findings("L15", "healed is healthy, in time")
    allowed = round(history.run.rto_seconds * history.run.speed * _MILLION)
    for part, work in _work(history).items():
        _judge_part(findings, history, part, work, allowed)
    return findings.result()


def _judge_part(findings: Findings, history: History, part: str, work: Work, allowed: int) -> None:
    judged, longest = 0, 0.0
    for healed in heals(history.faults):
        asked = _first(work.asked, healed.fault.at)
        if asked is None or asked > healed.fault.at + allowed:
            continue  # nobody asked for anything
        done = _first(work.done, asked)
        is_in_time = done is not None and done <= asked + allowed
        if not is_in_time and healed.broken_again_at is not None and healed.broken_again_at <= asked + allowed:
            continue  # it did not have its time
        judged += 1
        seconds = None if done is None else (done - asked) / _MILLION / history.run.speed
        longest = max(longest, seconds or 0.0)
        took = "nothing was done any more" if seconds is None else f"first success after {seconds:.1f} s"
        findings.require(is_in_time, f"{part} after {healed.fault.fault} {healed.fault.target}", took)
    findings.note(f"{part}: {judged} heals judged, longest wait {longest:.1f} s")


def _work(history: History) -> Mapping[str, Work]:
    written: dict[str, list[int]] = {topics.RECEIVED: [], topics.LIFECYCLE: [], topics.SLA_EVENTS: []}
    registered: list[int] = []
    for case in history.cases.values():
        for record in (*case.submissions, *case.log, *case.clocks):
            written[record.topic].append(history.run.bus_time(record.written_at))
            if record.event_type == "complaint.registered.v1":
                registered.append(written[record.topic][-1])
    accepted = [one.answered_at for one in history.operations if one.outcome == "ok" and one.answered_at is not None]
    invoked = [operation.invoked_at for operation in history.operations if operation.kind != "poison"]
    return {
        "door": Work(sorted(invoked), sorted(accepted)),
        "router": Work(sorted(written[topics.RECEIVED]), sorted(written[topics.LIFECYCLE])),
        "sla": Work(sorted(registered), sorted(written[topics.SLA_EVENTS])),
    }


def heals(faults: Sequence[Fault]) -> list[Heal]:
    """Ends of faults after which no other fault is under way."""
    active, found = 0, list[Heal]()
    ordered = sorted(faults, key=lambda fault: fault.at)
    for number, fault in enumerate(ordered):
        active = max(0, active + (1 if fault.phase == "start" else -1))
        if fault.phase == "end" and active == 0:
            following = ordered[number + 1].at if number + 1 < len(ordered) else None
            found.append(Heal(fault, following))
    return found


def _first(instants: Sequence[int], not_before: int) -> int | None:
    place = bisect_left(instants, not_before)
    return instants[place] if place < len(instants) else None
