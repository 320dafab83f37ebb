"""L15: after everything is healed the door accepts again within the recovery time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from tests.torture.check.findings import Findings, RuleResult
from tests.torture.check.history import History
from tests.torture.check.run_files import Fault

_MILLION = 1_000_000


def liveness(history: History) -> RuleResult:
    """From each moment at which the last fault ended, the time to the first acceptance."""
    findings = Findings("L15", "healed is healthy, in time")
    accepted = sorted(
        operation.answered_at
        for operation in history.operations
        if operation.outcome == "ok" and operation.answered_at is not None
    )
    invoked = sorted(operation.invoked_at for operation in history.operations)
    allowed = history.run.rto_seconds * history.run.speed * _MILLION
    unused, longest = 0, 0.0
    for healed in heals(history.faults):
        tried = bisect_left(invoked, healed.at)
        if tried == len(invoked) or invoked[tried] > healed.at + allowed:
            unused += 1  # nobody asked
            continue
        first = bisect_left(accepted, healed.at)
        waited = accepted[first] - max(healed.at, 0) if first < len(accepted) else None
        seconds = None if waited is None else waited / _MILLION / history.run.speed
        longest = max(longest, seconds or 0.0)
        holds = seconds is not None and seconds <= history.run.rto_seconds
        took = "nothing was accepted any more" if seconds is None else f"first acceptance {seconds:.1f} s later"
        findings.require(holds, f"{healed.fault} {healed.target}", f"healed at {healed.at}: {took}")
    findings.note(f"longest wait {longest:.1f} s; {unused} heals without a request soon after")
    return findings.result()


def heals(faults: Sequence[Fault]) -> list[Fault]:
    """Ends of faults after which no other fault is under way."""
    active, found = 0, []
    for fault in sorted(faults, key=lambda fault: fault.at):
        active = max(0, active + (1 if fault.phase == "start" else -1))
        if fault.phase == "end" and active == 0:
            found.append(fault)
    return found
