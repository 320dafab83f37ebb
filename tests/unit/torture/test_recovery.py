"""The recovery figures: taken from the nemesis's lines and the ledger, by the machine's clock, each beside its aim."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.torture.load.ledger import Kind, Operation, Outcome
from tests.torture.report.recovery import recovery_rows
from tests.torture.report.restore import restore_rows

SPEED = 10.0
BEGIN = datetime(2026, 3, 9, tzinfo=UTC)


def at(machine_seconds: float) -> str:
    """The bus's instant, so many seconds of the machine's clock after the begin."""
    return (BEGIN + timedelta(seconds=machine_seconds * SPEED)).isoformat()


def fault(kind: str, target: str, start: float, end: float, **detail: Any) -> list[dict[str, Any]]:
    name = {"fault": kind, "target": target}
    return [
        {**name, "phase": "start", "at": at(start), "detail": {}},
        {**name, "phase": "end", "at": at(end), "detail": detail},
    ]


def asked(number: int, start: float, end: float, outcome: Outcome, **told: Any) -> Operation:
    return Operation(number, Kind.SUBMIT, {"at": at(start)}, outcome, {"at": at(end), **told})


def test_a_killed_processor_is_measured_apart_from_one_whose_broker_was_down_as_well() -> None:
    lines = [
        *fault("kill", "router-0", 0, 4, recovered_seconds=3.5),
        *fault("broker-kill", "1", 10, 15, recovered_seconds=2.0),
        *fault("kill", "sla-1", 12, 26, recovered_seconds=14.0),
        *fault("kill", "intake-0", 30, 31, recovered_seconds=0.5),
    ]
    alone, among_broken_brokers = recovery_rows(lines, [], SPEED)
    assert (alone["times"], alone["longest"], alone["within_aim"]) == (1, 3.5, 1)
    assert (among_broken_brokers["times"], among_broken_brokers["longest"]) == (1, 14.0)
    assert among_broken_brokers["aim_seconds"] is None


def test_a_lost_majority_is_refused_soon_and_forgotten_soon_after_it_is_back() -> None:
    lines = fault("majority-down", "1,2", 100, 118, recovered_seconds=8.0)  # started again at 110
    operations = [
        asked(1, 99.0, 99.1, Outcome.OK),
        asked(2, 100.5, 101.5, Outcome.INFO, status=503),
        asked(3, 104.0, 107.0, Outcome.INFO, status=503),
        asked(4, 119.0, 119.5, Outcome.INFO, status=503),  # after the healing: of another cause
        asked(5, 112.0, 117.0, Outcome.OK),
    ]
    first, each, again = recovery_rows(lines, operations, SPEED)
    assert (first["longest"], first["within_aim"]) == (1.5, 1)
    assert (each["times"], each["longest"], each["within_aim"]) == (2, 3.0, 1)
    assert (again["longest"], again["within_aim"]) == (7.0, 1)


def test_what_did_not_come_back_is_no_recovery() -> None:
    assert recovery_rows(fault("kill", "router-0", 0, 90, error="TimeoutError: not ready"), [], SPEED) == []


def test_only_what_has_an_aim_is_taken_from_the_benchmark() -> None:
    measured = {"unit": "s", "method": "1 process"}
    rows = restore_rows(
        [
            {"name": "cold", "value": 6.51, "aim": "≤ 20", **measured},
            {"name": "restoring alone", "value": 4.0, "aim": "", **measured},
            {"name": "warm", "value": 2.5, "aim": "≤ 2", **measured},
        ]
    )
    assert [(row["what"], row["longest"], row["within_aim"]) for row in rows] == [
        ("cold (1 process)", 6.51, 1),
        ("warm (1 process)", 2.5, 0),
    ]
