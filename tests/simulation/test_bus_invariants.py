"""Invariants that were once too strict, or that a broken engine must not get past, on logs written by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.simulation.bus_history import START, partitions
from tests.simulation.bus_invariants import Fact, _check_stopped, _on_hold
from tests.simulation.world import World

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _fact(kind: str, offset: int = 0, **said: Any) -> Fact:
    return Fact(kind, f"id-{kind}-{offset}", "case", {"cycle": 1, **said}, NOON.isoformat(), 0, offset)


def _held(assignment: str) -> Fact:
    return _fact("complaint.held.v1", assignment_id=assignment)


def _resumed(assignment: str) -> Fact:
    return _fact("complaint.resumed.v1", assignment_id=assignment)


def test_a_case_is_on_hold_until_the_last_of_its_parts_goes_on() -> None:
    assert _on_hold([_held("lead"), _held("other"), _resumed("other")])["case", 1] == {"lead"}
    assert not _on_hold([_held("lead"), _held("other"), _resumed("other"), _resumed("lead")])["case", 1]


def test_a_case_that_was_resolved_is_on_hold_no_more() -> None:
    assert not _on_hold([_held("lead"), _fact("complaint.resolved.v1")])["case", 1]


def test_a_hold_holds_only_its_cycle() -> None:
    assert not _on_hold([_held("lead")])["case", 2]


def _resolved_before_a_breach(case_log_end: int, *, ahead: timedelta = timedelta(0)) -> None:
    """Resolved at noon at offset 3, due an hour later, breached three hours later; the log's end noted after noon."""
    world = World({}, partitions(), START, Path("/simulated"), 0)
    world.case_log_ends.append((NOON + HOUR, [case_log_end, 0]))
    world.most_ahead = ahead
    entry = _fact("complaint.resolved.v1", 3, happened_at=NOON.isoformat())
    due_by, detected_at = (NOON + HOUR).isoformat(), (NOON + 3 * HOUR).isoformat()
    breached = _fact("sla.breached.v1", due_by=due_by, detected_at=detected_at)
    _check_stopped(world, entry, [breached, _fact("sla.corrected.v1")])


def test_a_breach_against_what_could_be_read_by_then_is_found() -> None:
    with pytest.raises(AssertionError, match="could be read"):
        _resolved_before_a_breach(case_log_end=4)


def test_a_breach_before_its_disproof_could_be_read_is_right() -> None:
    _resolved_before_a_breach(case_log_end=3)


def test_a_breach_by_a_clock_that_was_ahead_is_not_held_against_the_engine() -> None:
    _resolved_before_a_breach(case_log_end=4, ahead=3 * HOUR)
