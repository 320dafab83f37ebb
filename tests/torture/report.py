"""What came of a run, for machines and for people: sizes, faults, latencies, and the verdict rule by rule."""

from __future__ import annotations

import bisect
import os
import platform
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
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
    speed = float(run["clock_speed"])
    operations = read_ledger(directory.ledger)
    ended = [line for line in read_lines(directory.nemesis) if line["phase"] == "end"]
    return {
        "run": run,
        "machine": machine(),
        "operations": operations_by_outcome(operations),
        "faults": dict(sorted(Counter(str(line["fault"]) for line in ended).items())),
        "kills_by_point": kills_by_point(ended),
        "not_recovered": [line for line in ended if "error" in line["detail"]],
        "undrained": run.get("undrained", {}),
        "recovery_seconds": recovery_by_fault(ended),
        "accepted_again_seconds": accepted_again(ended, operations, speed),
        "accept_latency_seconds": latencies(operations, speed, _is_accepted),
        "refusal_latency_seconds": latencies(operations, speed, _is_refused),
        "passed": _passed(run, ended, verdict),
        "rules": [_rule(rule) for rule in verdict.rules] if verdict is not None else [],
    }


def _passed(run: Mapping[str, Any], ended: Iterable[Mapping[str, Any]], verdict: Any) -> bool | None:
    """Whether all rules hold, all that was hit came back, and everything was read; None when nothing was judged."""
    if verdict is None:
        return None
    return bool(verdict.passed) and not run.get("undrained") and not any("error" in line["detail"] for line in ended)


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
    return _median_and_longest(found)


def latencies(operations: Iterable[Operation], speed: float, is_meant: Callable[[Operation], bool]) -> dict[str, float]:
    """Quantiles of the time to the answers meant, in seconds of the machine's clock (the ledger has the bus's)."""
    times = sorted(
        (_at(operation.answered) - _at(operation.invoked)) / speed for operation in operations if is_meant(operation)
    )
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
    accepted = sorted(_at(operation.answered) for operation in operations if operation.outcome is Outcome.OK)
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
    run, lost = report["run"], report["not_recovered"]
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
        *_times("ready again after", report["recovery_seconds"]),
        "",
        *_times("door accepts again after", report["accepted_again_seconds"]),
        "",
        f"Seconds to an acceptance: {_quantiles(report['accept_latency_seconds'])}.",
        f"Seconds to a refusal (503): {_quantiles(report['refusal_latency_seconds'])}.",
        f"Seconds of the phases: {_quantiles(run.get('phase_seconds', {}))}.",
        "One machine, no power loss; the Kafka clients have no KIP-890.",
        *(f"**Did not come back:** {line['fault']} {line['target']}: {line['detail']['error']}" for line in lost),
        *(f"**Left unread:** {count} records by {group}" for group, count in report["undrained"].items()),
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


def _times(head: str, by_fault: Mapping[str, Mapping[str, float]]) -> list[str]:
    rows = [(fault, each["median"], each["longest"]) for fault, each in by_fault.items()]
    return _table((head, "median s", "longest s"), rows)


def _quantiles(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items()) or "none"


def _row(cells: Iterable[Any]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"
