"""The report as people read it: Markdown, made of what ``report.py`` put together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.torture.load.ledger import Outcome


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
        "## Recovery",
        "",
        *_table(("", "aim s", "times", "median s", "longest s", "within the aim"), map(_aim_row, report["recovery"])),
        "",
        *_times("ready again after", report["recovery_seconds"]),
        "",
        *_times("door accepts again after", report["accepted_again_seconds"]),
        "",
        f"Seconds to an acceptance: {_quantiles(report['accept_latency_seconds'])}.",
        f"Seconds to a refusal (503), during any fault and after it: {_quantiles(report['refusal_latency_seconds'])}.",
        f"Seconds from a submission to its replay: {_quantiles(report['replayed_after_seconds'])}.",
        f"Seconds of the phases: {_quantiles(run.get('phase_seconds', {}))}.",
        "One machine, no power loss; the Kafka clients have no KIP-890.",
        f"To repeat: `{command_line(run)}`.",
        *(f"**Did not come back:** {line['fault']} {line['target']}: {line['detail']['error']}" for line in lost),
        *(f"**Left unread:** {count} records by {group}" for group, count in report["undrained"].items()),
        *(f"**Nothing died in** crash point {point}" for point in report["unvisited_points"]),
        "",
        *_notes(report["rules"]),
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


def command_line(run: Mapping[str, Any]) -> str:
    """What to type to have the same faults and complaints again."""
    sizes = {"SEED": "seed", "COMPLAINTS": "complaints", "KILLS": "kills", "BROKERS": "brokers"}
    variables = [f"{name}={run.get(key, '?')}" for name, key in sizes.items()]
    return " ".join(["make torture", *variables, f"SPEED={run['clock_speed']:g}"])


def _notes(rules: Iterable[Mapping[str, Any]]) -> list[str]:
    """What was seen without being wrong, and what could not be judged."""
    lines = [f"- {rule['rule']}: {note}" for rule in rules for note in rule["notes"]]
    return ["## Notes of the checker", "", *lines, ""] if lines else []


def _aim_row(row: Mapping[str, Any]) -> tuple[Any, ...]:
    within = "" if row["aim_seconds"] is None else f"{row['within_aim']} of {row['times']}"
    return row["what"], row["aim_seconds"] or "", row["times"], row["median"], row["longest"], within


def _size(report: Mapping[str, Any]) -> str:
    run, machine = report["run"], report["machine"]
    where = f"{machine['cpus']} CPUs, {machine['memory_gib']} GiB, {machine['system']}, Python {machine['python']}"
    size = f"{run['complaints']} complaints, {run.get('kills', '?')} kills, {run['brokers']} broker(s)"
    return f"{size}, clock × {run['clock_speed']:g}, started {run['started_at']}; {where}."


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
