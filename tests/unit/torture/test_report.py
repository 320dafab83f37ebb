"""The report: what is counted, and when a run has passed."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.torture.load.json_lines import DurableLines
from tests.torture.report.summary import build_report
from tests.torture.report.text import as_text
from tests.torture.run.directory import RunDirectory

RULE = SimpleNamespace(rule="L1", title="nothing lost", checked=2, breaches=0, first_offenders=[], notes=["seen"])
CLEAN = SimpleNamespace(passed=True, rules=[RULE])
BREACHED = SimpleNamespace(
    passed=False,
    rules=[SimpleNamespace(rule="L1", title="nothing lost", checked=2, breaches=1, first_offenders=["c-1"], notes=[])],
)


@pytest.fixture
def directory(tmp_path: Path) -> RunDirectory:
    """A run of two submissions at a clock ten times as fast, one accepted after half a second."""
    run = RunDirectory(tmp_path)
    run.write_run({"seed": 1, "complaints": 2, "brokers": 1, "clock_speed": 10.0, "started_at": "now", "undrained": {}})
    ledger = DurableLines(run.ledger)
    ledger.append({"op": 1, "state": "invoke", "kind": "submit", "at": "2026-03-09T00:00:00+00:00"})
    ledger.append({"op": 1, "state": "ok", "at": "2026-03-09T00:00:05+00:00"})
    ledger.append({"op": 2, "state": "invoke", "kind": "submit", "at": "2026-03-09T00:00:00+00:00"})
    ended(run, "crash-point", {"hit": True, "recovered_seconds": 2.0})
    return run


def ended(run: RunDirectory, fault: str, detail: dict[str, Any]) -> None:
    DurableLines(run.nemesis).append(
        {
            "at": "2026-03-09T00:00:02+00:00",
            "fault": fault,
            "target": "router.mid-commit:1",
            "phase": "end",
            "detail": detail,
        }
    )


def test_operations_latencies_and_crash_points_are_counted(directory: RunDirectory) -> None:
    report = build_report(directory, CLEAN)
    assert report["operations"]["submit"] == {"ok": 1, "fail": 0, "info": 1}
    assert report["accept_latency_seconds"]["median"] == 0.5
    assert report["accepted_again_seconds"] == {"crash-point": {"median": 0.3, "longest": 0.3}}
    assert report["kills_by_point"] == {"router.mid-commit": {"armed": 1, "hit": 1}}
    assert report["passed"] is True


def test_the_time_between_a_submission_and_its_replay_is_told(directory: RunDirectory) -> None:
    ledger = DurableLines(directory.ledger)
    for number, kind, second in ((3, "submit", 0), (4, "retry", 10), (5, "replay", 50)):
        at = f"2026-03-09T00:00:{second:02}+00:00"
        ledger.append({"op": number, "state": "invoke", "kind": kind, "key": "k-3", "at": at})
    report = build_report(directory, CLEAN)
    assert report["replayed_after_seconds"]["longest"] == 5.0
    assert "from a submission to its replay: median 5.0" in as_text(report)


def test_a_breach_fails_the_run_and_names_its_offender(directory: RunDirectory) -> None:
    report = build_report(directory, BREACHED)
    assert report["passed"] is False
    assert "BREACHED" in as_text(report)
    assert "`c-1`" in as_text(report)


def test_what_never_came_back_fails_the_run_whatever_the_rules_say(directory: RunDirectory) -> None:
    ended(directory, "kill", {"error": "DeadlineExceeded: router-1"})
    report = build_report(directory, CLEAN)
    assert report["passed"] is False
    assert "Did not come back" in as_text(report)


def test_what_was_left_unread_fails_the_run(directory: RunDirectory) -> None:
    directory.update_run(undrained={"router": 3})
    assert build_report(directory, CLEAN)["passed"] is False


def test_an_unjudged_run_has_neither_passed_nor_failed(directory: RunDirectory) -> None:
    assert build_report(directory, None)["passed"] is None
