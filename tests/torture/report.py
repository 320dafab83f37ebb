"""What came of a run, for machines and for people: sizes, faults, latencies, and the verdict rule by rule."""

from __future__ import annotations

import os
import platform
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import Any

from tests.torture.json_lines import read_lines
from tests.torture.ledger import Kind, Operation, Outcome, read_ledger
from tests.torture.run_directory import RunDirectory

FIRST_OFFENDERS = 20


def build_report(directory: RunDirectory, verdict: Any) -> dict[str, Any]:
    """Everything in the report. ``verdict`` is the checker's; None when nothing was judged."""
    run = directory.read_run()
    operations = read_ledger(directory.ledger)
    ended = [line for line in read_lines(directory.nemesis) if line["phase"] == "end"]
    return {
        "run": run,
        "machine": machine(),
        "operations": operations_by_outcome(operations),
        "faults": dict(sorted(Counter(str(line["fault"]) for line in ended).items())),
        "kills_by_point": kills_by_point(ended),
        "faults_that_did_not_end_well": [line for line in ended if "error" in line["detail"]],
        "recovery_seconds": recovery_by_fault(ended),
        "accept_latency_seconds": latencies(operations, float(run["clock_speed"])),
        "passed": verdict.passed if verdict is not None else None,
        "rules": [_rule(rule) for rule in verdict.rules] if verdict is not None else [],
    }


def machine() -> dict[str, Any]:
    """Where it ran."""
    return {
        "cpus": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
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


def recovery_by_fault(ended: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Median and longest time until what was hit was ready again, by kind of fault."""
    found: dict[str, list[float]] = {}
    for line in ended:
        if "recovered_seconds" in line["detail"]:
            found.setdefault(line["fault"], []).append(line["detail"]["recovered_seconds"])
    return {
        fault: {"median": statistics.median(times), "longest": max(times)} for fault, times in sorted(found.items())
    }


def latencies(operations: Iterable[Operation], speed: float) -> dict[str, float]:
    """Quantiles of the time to an acceptance, in seconds of the machine's clock (the ledger has the bus's)."""
    times = sorted(
        (_at(operation.answered) - _at(operation.invoked)) / speed
        for operation in operations
        if operation.outcome is Outcome.OK and operation.kind is Kind.SUBMIT
    )
    if not times:
        return {}
    return {
        "median": round(times[len(times) // 2], 4),
        "p99": round(times[min(len(times) - 1, len(times) * 99 // 100)], 4),
        "longest": round(times[-1], 4),
    }


def _at(line: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(line["at"]).timestamp()


def _rule(rule: Any) -> dict[str, Any]:
    offenders = [_plain(offender) for offender in list(rule.first_offenders)[:FIRST_OFFENDERS]]
    return {
        "rule": rule.rule,
        "title": rule.title,
        "checked": rule.checked,
        "breaches": rule.breaches,
        "first_offenders": offenders,
    }


def _plain(offender: Any) -> Any:
    if is_dataclass(offender) and not isinstance(offender, type):
        return asdict(offender)
    return offender if isinstance(offender, str | int | float | list | dict) else str(offender)


def as_text(report: Mapping[str, Any]) -> str:
    """The report as Markdown."""
    run = report["run"]
    lines = [
        f"# Torture run, seed {run['seed']}",
        "",
        _size(report),
        "",
        f"**Verdict: {_verdict(report)}**",
        "",
        *_table(("rule", "", "checked", "breaches"), [_rule_row(rule) for rule in report["rules"]]),
        "",
        *_table(("operation", *Outcome), [(kind, *counts.values()) for kind, counts in report["operations"].items()]),
        "",
        *_table(("fault", "times"), report["faults"].items()),
        "",
        *_table(
            ("crash point", "armed", "hit"),
            [(point, each["armed"], each["hit"]) for point, each in report["kills_by_point"].items()],
        ),
        "",
        *_table(
            ("ready again after", "median s", "longest s"),
            [(fault, each["median"], each["longest"]) for fault, each in report["recovery_seconds"].items()],
        ),
        "",
        f"Time to acceptance, s: {report['accept_latency_seconds']}. Phases, s: {run.get('phase_seconds', {})}.",
        "One machine, no power loss; the Kafka clients have no KIP-890.",
        "",
    ]
    for rule in report["rules"]:
        if rule["breaches"]:
            lines += [
                f"## {rule['rule']} {rule['title']}",
                "",
                *(f"- `{each}`" for each in rule["first_offenders"]),
                "",
            ]
    return "\n".join(lines)


def _size(report: Mapping[str, Any]) -> str:
    run, machine = report["run"], report["machine"]
    return (
        f"{run['complaints']} complaints, {run['brokers']} broker(s), clock × {run['clock_speed']:g}, "
        f"started {run['started_at']}; {machine['cpus']} CPUs, {machine['system']}, Python {machine['python']}."
    )


def _verdict(report: Mapping[str, Any]) -> str:
    return {None: "not judged", True: "passed", False: "BREACHED"}[report["passed"]]


def _rule_row(rule: Mapping[str, Any]) -> tuple[Any, ...]:
    return rule["rule"], rule["title"], rule["checked"], rule["breaches"]


def _table(head: Sequence[Any], rows: Iterable[Sequence[Any]]) -> list[str]:
    lines = [_row(head), _row(["---"] * len(head))]
    return lines + [_row(row) for row in rows]


def _row(cells: Iterable[Any]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"
