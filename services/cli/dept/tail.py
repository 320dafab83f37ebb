"""``cbus dept DEPT tail``: the department's queue as JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import closing
from itertools import islice
from typing import Annotated, Any

import typer

from services.cli.bus.header_text import header_texts
from services.cli.bus.kafka_access import cli_settings
from services.cli.console.options import AlwaysJsonOption, BootstrapOption
from services.cli.console.output import print_json_line, say
from services.cli.dept.client import DepartmentQueue
from shared.streaming.records import ConsumerRecord


def tail_command(
    context: typer.Context,
    group: Annotated[str | None, typer.Option(help="Read as a member of this consumer group.")] = None,
    new: Annotated[bool, typer.Option("--new", help="Only what arrives from now on.")] = False,
    once: Annotated[bool, typer.Option("--once", help="Stop at the end of the queue.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after this many.")] = None,
    as_json: AlwaysJsonOption = False,
    bootstrap: BootstrapOption = None,
) -> None:
    """Print the department's queue as JSON Lines, oldest first, until Ctrl-C. Holds personal data."""
    if once and (group or new):
        raise typer.BadParameter("--once reads the whole queue; it does not go with --group or --new")
    with closing(DepartmentQueue(cli_settings(bootstrap).kafka, context.obj, group)) as queue:
        records = queue.present() if once else queue.follow(only_new=new)
        _print_records(islice(records, limit))


def _print_records(records: Iterable[ConsumerRecord]) -> None:
    try:
        for record in records:
            print_json_line(queue_line(record))
    except KeyboardInterrupt:
        say("stopped")


def queue_line(record: ConsumerRecord) -> dict[str, Any]:
    """One record of a queue for people and scripts."""
    headers = header_texts(record.headers)
    return {
        "type": headers.get("ce_type"),
        "event_id": headers.get("ce_id"),
        "time": headers.get("ce_time"),
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "complaint_id": headers.get("ce_subject"),
        "data": json.loads(record.value) if record.value is not None else None,
    }
