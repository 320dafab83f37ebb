"""``cbus dept DEPT refused``: what became of reports that were not taken, and what to do about each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import datetime
from typing import Any
from uuid import UUID

import typer

from services.cli.bus.dead_letter_record import DeadLetter
from services.cli.bus.dead_letters import one_per_record, readable
from services.cli.bus.kafka_access import all_partitions, cli_settings, open_reader, scan
from services.cli.console.options import BootstrapOption, JsonOption
from services.cli.console.output import print_json_line, print_table, say
from services.cli.dept.client import require_department
from shared.events import topics
from shared.events.departments import Action


def refused_command(
    context: typer.Context,
    as_json: JsonOption = False,
    bootstrap: BootstrapOption = None,
) -> None:
    """Reports of the department that were refused, oldest first, each with its reason (English and Chinese).

    One that was sent back and refused anew is listed once. Holds no personal data.
    """
    department: str = context.obj
    settings = cli_settings(bootstrap).kafka
    with closing(open_reader(settings)) as reader:
        require_department(settings, reader, department)
        name = topics.department_dead_letter_topic(department)
        found = list(readable(scan(reader, all_partitions(reader, [name]))))
    lines = [_line(letter) for letter in sorted(one_per_record(found), key=lambda letter: letter.at)]
    if as_json:
        for line in lines:
            print_json_line(line)
        return
    if not lines:
        say(f"nothing that {department} reported was refused")
        return
    columns = ("refused_at", "complaint_id", "action", "reason", "detail")
    print_table(None, columns, ([line[column] for column in columns] for line in lines))


def _line(letter: DeadLetter) -> dict[str, Any]:
    facts = dict(_said(letter))
    return {
        "refused_at": letter.at,
        "complaint_id": _complaint_id(letter.record.key),
        "action": facts.get("action"),
        "happened_at": facts.get("happened_at"),
        "reason": letter.reason,
        "detail": letter.detail,
        "event_id": letter.header("ce_id"),
        "origin": f"{letter.origin_topic}[{letter.origin_partition}]@{letter.origin_offset}",
        "reference": str(letter.reference),
    }


def _said(letter: DeadLetter) -> Iterator[tuple[str, str]]:
    """What the update itself says, where it can be read: the two fields that hold nothing personal."""
    try:
        value = json.loads(letter.record.value or b"null")
    except (ValueError, RecursionError):
        return
    if not isinstance(value, dict):
        return
    with suppress(ValueError):
        yield "action", Action(str(value.get("action")))
    with suppress(KeyError, TypeError, ValueError):
        yield "happened_at", datetime.fromisoformat(value["happened_at"]).isoformat()


def _complaint_id(key: bytes | None) -> str | None:
    """None where the key is none: what a department puts there by mistake may be anything, a telephone number too."""
    with suppress(ValueError):
        return str(UUID((key or b"").decode("ascii")))
    return None
