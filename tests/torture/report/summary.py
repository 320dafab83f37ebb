"""What came of a run: sizes, faults, latencies, and the verdict rule by rule. ``report_text.py`` makes it readable."""

from __future__ import annotations

import bisect
import os
import platform
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from tests.torture.load.json_lines import read_lines
from tests.torture.load.ledger import Kind, Operation, Outcome, read_ledger
from tests.torture.report.recovery import acceptances, recovery_rows
from tests.torture.report.recovery import instant as _at
from tests.torture.run.directory import RunDirectory

FIRST_OFFENDERS = 20


def build_report(directory: RunDirectory, verdict: Any) -> dict[str, Any]:
    """Everything in the report. ``verdict`` is the checker's; None when nothing was judged."""
    run = directory.read_run()
    speed = float(run["clock_speed"])
    operations = read_ledger(directory.ledger)
    lines = list(read_lines(directory.nemesis))
    ended = [line for line in lines if line["phase"] == "end"]
    return {
        "run": run,
        "machine": machine(),
        "operations": operations_by_outcome(operations),
        "faults": dict(sorted(Counter(str(line["fault"]) for line in ended).items())),
        "kills_by_point": kills_by_point(ended),
        "unvisited_points": unvisited(run, ended),
        "not_recovered": [line for line in ended if "error" in line["detail"]],
        "undrained": run.get("undrained", {}),
        "recovery": [*recovery_rows(lines, operations, speed), *run.get("restore", [])],
        "recovery_seconds": recovery_by_fault(ended),
        "accepted_again_seconds": accepted_again(ended, operations, speed),
        "accept_latency_seconds": latencies(operations, speed, _is_accepted),
        "refusal_latency_seconds": latencies(operations, speed, _is_refused),
        "replayed_after_seconds": replayed_after(operations, speed),
        "passed": _passed(run, ended, verdict),
        "rules": [_rule(rule) for rule in verdict.rules] if verdict is not None else [],
    }


def _passed(run: Mapping[str, Any], ended: Iterable[Mapping[str, Any]], verdict: Any) -> bool | None:
    """Whether all rules hold and the run was whole; None when nothing was judged.

    Whole: all that was hit came back, everything was read, and in every crash point that was to be visited one died.
    """
    if verdict is None:
        return None
    ended = list(ended)
    came_back = not any("error" in line["detail"] for line in ended)
    return bool(verdict.passed) and came_back and not run.get("undrained") and not unvisited(run, ended)


def machine() -> dict[str, Any]:
    """Where it ran."""
    return {
        "cpus": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
    }


def operations_by_outcome(operations: Iterable[Operation]) -> dict[str, dict[str, int]]:
    """How many operations of each kind ended how."""
    counted: dict[str, dict[str, int]] = {kind: dict.fromkeys(Outcome, 0) for kind in Kind}
    for operation in operations:
        counted[operation.kind][operation.outcome] += 1
    return counted


def kills_by_point(ended: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """Visits of each crash point, and how many of them died there."""
    counted: dict[str, dict[str, int]] = {}
    for line in ended:
        if line["fault"] == "crash-point":
            point = counted.setdefault(line["target"].partition(":")[0], {"armed": 0, "hit": 0})
            point["armed"] += 1
            point["hit"] += bool(line["detail"].get("hit"))
    return dict(sorted(counted.items()))


def unvisited(run: Mapping[str, Any], ended: Iterable[Mapping[str, Any]]) -> list[str]:
    """Crash points of the plan in which nothing died. A plan with room for all has all of them."""
    hit = {point for point, each in kills_by_point(ended).items() if each["hit"]}
    return sorted(set(run.get("crash_points", ())) - hit)


def recovery_by_fault(ended: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Median and longest time until what was hit was ready again, by kind of fault."""
    found: dict[str, list[float]] = {}
    for line in ended:
        if "recovered_seconds" in line["detail"]:
            found.setdefault(line["fault"], []).append(line["detail"]["recovered_seconds"])
    return _median_and_longest(found)


def latencies(operations: Iterable[Operation], speed: float, is_meant: Callable[[Operation], bool]) -> dict[str, float]:
    """Quantiles of the time to the answers meant, in seconds of the machine's clock (the ledger has the bus's)."""
    return _quantiles(
        (_at(operation.answered) - _at(operation.invoked)) / speed for operation in operations if is_meant(operation)
    )


def replayed_after(operations: Iterable[Operation], speed: float) -> dict[str, float]:
    """Quantiles of the time from the first request under a key to its replay, in seconds of the machine's clock."""
    first: dict[str, float] = {}
    waits = []
    for operation in operations:
        asked = first.setdefault(operation.invoked.get("key", ""), _at(operation.invoked))
        if operation.kind is Kind.REPLAY:
            waits.append((_at(operation.invoked) - asked) / speed)
    return _quantiles(waits)


def _quantiles(seconds: Iterable[float]) -> dict[str, float]:
    times = sorted(seconds)
    if not times:
        return {}
    return {
        "median": round(times[len(times) // 2], 4),
        "p99": round(times[min(len(times) - 1, len(times) * 99 // 100)], 4),
        "longest": round(times[-1], 4),
    }


def _is_accepted(operation: Operation) -> bool:
    return operation.outcome is Outcome.OK and operation.kind is Kind.SUBMIT


def _is_refused(operation: Operation) -> bool:
    return operation.answered.get("status") == 503


def accepted_again(
    ended: Iterable[Mapping[str, Any]], operations: Iterable[Operation], speed: float
) -> dict[str, dict[str, float]]:
    """Median and longest time from the end of a fault to the next acceptance by the door, by kind of fault."""
    accepted = acceptances(operations)
    found: dict[str, list[float]] = {}
    for line in ended:
        position = bisect.bisect_left(accepted, _at(line))
        if position < len(accepted):
            found.setdefault(line["fault"], []).append((accepted[position] - _at(line)) / speed)
    return _median_and_longest(found)


def _median_and_longest(times_by_fault: Mapping[str, list[float]]) -> dict[str, dict[str, float]]:
    return {
        fault: {"median": round(statistics.median(times), 2), "longest": round(max(times), 2)}
        for fault, times in sorted(times_by_fault.items())
    }


def _rule(rule: Any) -> dict[str, Any]:
    offenders = [_plain(offender) for offender in list(rule.first_offenders)[:FIRST_OFFENDERS]]
    return {
        "rule": rule.rule,
        "title": rule.title,
        "checked": rule.checked,
        "breaches": rule.breaches,
        "first_offenders": offenders,
        "notes": list(rule.notes),
    }


def _plain(offender: Any) -> Any:
    if is_dataclass(offender) and not isinstance(offender, type):
        return asdict(offender)
    return offender if isinstance(offender, str | int | float | list | dict) else str(offender)
