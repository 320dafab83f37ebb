"""``cbus audit``: the hourly ledger and what is missing from it, read from the auditor's own state.

Exit code 1 when a complaint has a hole: something missing for longer than the auditor's ``CBUS_HOLE_AFTER_SECONDS``;
3 when no hole is known but the auditor has not read everything, so that its verdict is not in. Records of the bus's own
in a partition nobody reads are a hole, too; what a department lost by its own clock is told, and changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from services.auditor.domain.case_audit import CaseAudit
from services.auditor.domain.ledger import ENTRIES, LedgerLine, hourly
from services.auditor.processor import AuditProcessor
from services.cli.audit.progress import audited_ends, wait_until_read
from services.cli.audit.topics import NOTHING_FOUND, TopicFindings, look_at_topics
from services.cli.bus.kafka_access import all_partitions, cli_settings, open_reader, scan
from services.cli.bus.kafka_rights import require_visible
from services.cli.console.options import BootstrapOption, JsonOption
from services.cli.console.output import print_json, print_table, say
from shared.errors import ComplaintBusError
from shared.events.envelope import format_instant
from shared.events.topics import state_topic
from shared.settings import KafkaSettings

_HEADINGS = {
    "hour": "hour\n时段",
    "received": "received\n收到",
    "reinjected": "reinjected\n补录",
    "registered": "registered\n登记",
    "duplicate": "duplicate\n重复",
    "refused": "refused\n拒收",
    "dead_lettered": "dead lettered\n死信",
    "dispatched": "dispatched\n派发",
    "decided_tasks": "decided tasks\n应派任务",
    "queued_tasks": "queued tasks\n已派任务",
    "dispatched_cycles": "dispatched cycles\n派发轮次",
    "clocked_cycles": "clocked cycles\n计时轮次",
    "ended": "ended\n办结",
    "told": "told\n告知",
    "pending": "pending\n待定",
    "holes": "holes\n缺口",
}
_SHOWN_HOLES = 20
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
READ_WITHIN_SECONDS = 5.0
"""What an auditor that runs may take to come to where the bus ended when it was asked."""
NO_VERDICT_YET = 3
"""Exit code; apart from 1, for arrears pass by themselves, and with a dead auditor they do not."""


def audit_command(
    since: Annotated[
        str | None,
        typer.Option(metavar="24h|ISO", help="Only complaints received since; e.g. 90m, 24h, 7d, 2026-03-02T00:00Z."),
    ] = None,
    as_json: JsonOption = False,
    bootstrap: BootstrapOption = None,
) -> None:
    """The ledger, per hour of receipt: received = registered + duplicate + refused + dead-lettered, and what follows.

    Exit code 1: something has been missing for longer than allowed; 3: the auditor has not read everything yet.
    The columns are explained in services/auditor/README.md.
    """
    start = None if since is None else parse_since(since, datetime.now(UTC))
    settings = cli_settings(bootstrap).kafka
    unread = wait_until_read(settings, audited_ends(settings), READ_WITHIN_SECONDS)  # first: then the rows have it
    rows = [row for row in read_rows(settings) if start is None or (row.received_at or row.seen_at) >= start]
    lines, holes, found = hourly(rows), holes_in(rows), look_at_topics(settings)
    if as_json:
        print_json(as_document(lines, holes, unread, found))
    else:
        _print_ledger(lines, holes)
        for sentence in found.lines():
            say(sentence)
    if unread:
        say(_not_read(unread, is_known=bool(holes)))
    raise typer.Exit({True: 0, False: 1, None: NO_VERDICT_YET}[_verdict(holes, unread, found)])


def _verdict(holes: Sequence[dict[str, str]], unread: int, found: TopicFindings) -> bool | None:
    """Whether the ledger balances; None: nothing is missing so far, and not everything was read."""
    return False if holes or found.is_something_of_ours_unread else None if unread else True


def _not_read(unread: int, *, is_known: bool) -> str:
    so = "there may be more holes" if is_known else "its verdict is not in yet"
    return f"the auditor has at least {unread} records still to read, so {so}; is it running? Ask again when it has"


def parse_since(text: str, now: datetime) -> datetime:
    """``90m``, ``24h``, ``7d`` before ``now``, or an ISO 8601 instant (UTC unless it says otherwise)."""
    span = re.fullmatch(r"(\d{1,6})([mhd])", text)
    if span is not None:
        try:
            return now - timedelta(**{_UNITS[span[2]]: int(span[1])})
        except OverflowError:
            raise typer.BadParameter(f"{text!r} ago is before the first year of the calendar") from None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is neither a span like 24h nor an ISO 8601 instant") from None
    return instant.replace(tzinfo=instant.tzinfo or UTC)


def read_rows(settings: KafkaSettings) -> list[CaseAudit]:
    """What the auditor last said of every complaint."""
    topic = state_topic(AuditProcessor.name)
    latest: dict[bytes, bytes | None] = {}
    with closing(open_reader(settings)) as reader:
        partitions = all_partitions(reader, [topic])
        if not partitions:
            require_visible(settings, [topic], reader.topics())
            raise ComplaintBusError(f"there is no {topic}: create the topics, then 'cbus run auditor'")
        for record in scan(reader, partitions):
            if record.key is not None:
                latest[record.key] = record.value
    return [CaseAudit.model_validate_json(value) for value in latest.values() if value is not None]


def holes_in(rows: Sequence[CaseAudit]) -> list[dict[str, str]]:
    """Every open hole, the oldest first."""
    found = [
        (hole.opened_at, row.complaint_id, kind)
        for row in rows
        for kind, hole in row.holes.items()
        if hole.found_at is not None
    ]
    return [
        {"complaint_id": complaint_id, "kind": kind, "opened_at": format_instant(opened_at).decode()}
        for opened_at, complaint_id, kind in sorted(found)
    ]


def as_document(
    lines: Sequence[LedgerLine], holes: Sequence[dict[str, str]], unread: int, found: TopicFindings = NOTHING_FOUND
) -> dict[str, Any]:
    """The ledger as JSON."""
    return {
        "balanced": _verdict(holes, unread, found),
        "unread_records": unread,
        "hours": [_hour(line) for line in lines],
        "holes": holes,
        "surplus": list(found.surplus),
        "gone_unread": list(found.gone),
    }


def _hour(line: LedgerLine) -> dict[str, Any]:
    return {
        "hour": format_instant(line.hour).decode(),
        **{entry: line.entries[entry] for entry in ENTRIES},
        "pending": line.pending,
        "holes": {str(kind): count for kind, count in line.holes.items()},
        "balanced": line.is_balanced,
    }


def _print_ledger(lines: Sequence[LedgerLine], holes: Sequence[dict[str, str]]) -> None:
    rows = [
        (
            line.hour.strftime("%Y-%m-%d %H:00Z"),
            *(line.entries[entry] for entry in ENTRIES),
            line.pending,
            ", ".join(f"{kind} {count}" for kind, count in line.holes.items()) or "none 无",
        )
        for line in lines
    ]
    columns = ("hour", *ENTRIES, "pending", "holes")
    print_table(None, [_HEADINGS[column] for column in columns], rows)
    for hole in holes[:_SHOWN_HOLES]:
        say(f"{hole['kind']}: {hole['complaint_id']} since {hole['opened_at']}")
    if len(holes) > _SHOWN_HOLES:
        say(f"… and {len(holes) - _SHOWN_HOLES} more; --json lists all")
    say(f"holes 缺口: {len(holes) or 'none 无'}")
