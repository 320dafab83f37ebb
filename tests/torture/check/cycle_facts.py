"""What the case log says about each cycle of a case, as far as clocks start with it, stop with it or end by it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from tests.torture.check.history import CaseHistory

_STOPPING = {
    "registered": ("complaint.registered.v1",),
    "first_response": ("complaint.contacted.v1", "complaint.resolved.v1"),
    "verified": ("complaint.progressed.v1", "complaint.resolved.v1"),
    "contacted": ("complaint.contacted.v1",),
    "resolved": ("complaint.resolved.v1",),
    "called_back": ("complaint.called_back.v1",),
}
"""Milestone of the policy to the entries of the case log that reach it."""
_STARTING = {"dispatched": "complaint.dispatched.v1", "resolved": "complaint.resolved.v1"}
_GIVING_UP = ("complaint.withdrawal_registered.v1", "complaint.rejected.v1")


@dataclass
class Facts:
    """What the case log says about one cycle."""

    starts: dict[str, int] = field(default_factory=dict)
    """Milestone to when it was reached first, for those that start clocks."""
    reached: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Milestone to all the times it was reached."""
    given_up: list[int] = field(default_factory=list)
    """When the complainant, the enterprise or the next cycle ended it; a resolution ends what is still awaited, too."""
    has_hold: bool = False


def facts_by_cycle(case: CaseHistory) -> dict[int, Facts]:
    """What happened in each cycle, as far as it concerns clocks."""
    cycles: dict[int, Facts] = defaultdict(Facts)
    for record in case.log:
        if record.facts is None:
            continue
        entry = record.facts
        facts = cycles[entry.cycle]
        at, kind = entry.happened_at, record.event_type
        if kind == "complaint.registered.v1":
            facts.starts["received"] = entry.detail.received_at
        elif kind == "complaint.reopened.v1":
            facts.starts["received"] = at
            cycles[entry.cycle - 1].given_up.append(at)
        facts.has_hold |= kind == "complaint.held.v1"
        for milestone, starting in _STARTING.items():
            if kind == starting:
                facts.starts.setdefault(milestone, at)
        for milestone, stopping in _STOPPING.items():
            if kind in stopping and (kind != "complaint.progressed.v1" or entry.detail.preliminary_finding):
                facts.reached[milestone].append(at)
        if kind in _GIVING_UP:
            facts.given_up.append(at)
    return dict(cycles)
