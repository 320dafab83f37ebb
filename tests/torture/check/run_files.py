"""The files of a run directory: what was planned, asked, broken, delivered by mail, and scraped at the end."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from shared.events import ids
from tests.torture.check.content import content_of
from tests.torture.check.decoding import micros
from tests.torture.check.records import Content

PROJECT_ROOT = Path(__file__).resolve().parents[3]


class Run(NamedTuple):
    """What the checker needs of ``run.json``."""

    bootstrap: str
    topics: tuple[str, ...]
    departments: tuple[str, ...]
    config_directory: Path
    speed: float
    """Seconds of the bus's clock per second of the machine's; ledger and nemesis are written by the bus's clock."""
    rto_seconds: float
    """By the machine's clock."""
    clocks_stopped_at: int | None = None
    """When, by the bus's clock, the SLA service was stopped after the drain."""
    clock_origin: int = 0
    """The instant at which both clocks showed the same."""
    audited: bool = False
    """Whether an auditor was part of the run."""
    read_live: bool = False
    """Whether a reader watched the case log."""
    sampled: bool = False
    """Whether open files and memory were noted."""

    def bus_time(self, written_at: int) -> int:
        """A record's timestamp (machine, milliseconds) by the bus's clock, in microseconds."""
        return self.clock_origin + round((written_at * 1000 - self.clock_origin) * self.speed)


class Operation(NamedTuple):
    """One request of the load client and what it was told."""

    number: int
    kind: str
    key: str
    complaint_id: str | None
    """What it must be: made of channel and key; for a message the complaint it is about."""
    content: Content | None
    invoked_at: int
    outcome: str
    """ok, fail or info."""
    status: int | None
    told_complaint_id: str | None
    told_ticket: str | None
    answered_at: int | None
    told_event_id: str | None = None
    origin: tuple[str, int, int] | None = None
    """Where poison was written: topic, partition, offset."""


class Fault(NamedTuple):
    """A line of the nemesis."""

    at: int
    fault: str
    target: str
    phase: str


class Delivery(NamedTuple):
    """A message a sink accepted. ``at`` is the sink's clock: the machine's; ``medium``: email, sms or webhook."""

    at: int
    medium: str
    notification_id: str
    recipients: tuple[str, ...]


class Seen(NamedTuple):
    """An entry of the case log as the live reader saw it; ``sequence`` None: there was none in it."""

    partition: int
    offset: int
    sequence: int | None


class Sample(NamedTuple):
    """What a service process held; ``second`` is the machine's, from an arbitrary begin."""

    second: float
    instance: str
    pid: int
    fds: int
    rss_bytes: int
    state_files: int = 0
    """Of the open files those of local state; not noted in runs of before."""


class Scrape(NamedTuple):
    """The metrics of one process at the end."""

    service: str
    instance: str
    text: str


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Every whole line; the last may have been cut short by a crash. No file: nothing."""
    if path.exists():
        with path.open("rb") as lines:
            yield from (json.loads(line) for line in lines if line.endswith(b"\n"))


def read_run(directory: Path) -> Run:
    """``run.json``."""
    plan = json.loads((directory / "run.json").read_text(encoding="utf-8"))
    config = Path(plan.get("config_dir") or PROJECT_ROOT / "deploy/config")
    return Run(
        bootstrap=plan["kafka_bootstrap"],
        topics=tuple(plan["topics"]),
        departments=tuple(plan["departments"]),
        config_directory=config if config.is_absolute() else PROJECT_ROOT / config,
        speed=float(plan.get("clock_speed") or 1.0),
        rto_seconds=float(plan.get("rto_seconds") or 10.0),
        clock_origin=instant(plan["clock_origin"]) if plan.get("clock_origin") else 0,
        clocks_stopped_at=instant(plan["clocks_stopped_at"]) if plan.get("clocks_stopped_at") else None,
        audited=bool((plan.get("instances") or {}).get("auditor")),
        read_live=bool(plan.get("read_live")),
        sampled=bool(plan.get("sampled")),
    )


def read_audit(directory: Path) -> Mapping[str, Any] | None:
    """What ``cbus audit --json`` said at the end; None when nobody asked."""
    path = directory / "audit.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def operations(lines: Iterable[Mapping[str, Any]]) -> list[Operation]:
    """Invocations and answers put together, in the order of the invocations; one without an answer is ``info``."""
    found: dict[int, Operation] = {}
    for line in lines:
        number = line["op"]
        found[number] = _invoked(line) if line["state"] == "invoke" else _answered(found[number], line)
    return list(found.values())


def _invoked(line: Mapping[str, Any]) -> Operation:
    key, channel = line.get("key") or "", line.get("channel")
    is_submission = line["kind"] not in ("message", "poison")
    expected = line.get("complaint_id_expected") or line.get("complaint_id")
    if expected is None and is_submission and channel and key:
        expected = ids.complaint_id(channel, key)
    return Operation(
        number=line["op"],
        kind=line["kind"],
        key=key,
        complaint_id=expected,
        content=_content(line.get("submission")) if is_submission else None,
        invoked_at=instant(line["at"]),
        outcome="info",
        status=None,
        told_complaint_id=None,
        told_ticket=None,
        answered_at=None,
    )


def _content(submission: Any) -> Content | None:
    try:
        return content_of(submission)
    except (KeyError, TypeError, AttributeError):
        return None  # not a submission: the door must have refused it


def _answered(operation: Operation, line: Mapping[str, Any]) -> Operation:
    return operation._replace(
        outcome=line["state"],
        status=line.get("status"),
        told_complaint_id=line.get("complaint_id"),
        told_ticket=line.get("ticket_number"),
        answered_at=instant(line["at"]),
        told_event_id=line.get("event_id"),
        origin=(line["topic"], line["partition"], line["offset"]) if "offset" in line else None,
    )


def instant(at: str | float) -> int:
    """An instant of the files, RFC 3339 or seconds since the epoch, in microseconds."""
    return micros(at) if isinstance(at, str) else round(at * 1_000_000)


def faults(lines: Iterable[Mapping[str, Any]]) -> list[Fault]:
    """The nemesis, in order."""
    return [
        Fault(instant(line["at"]), line["fault"], str(line.get("target") or ""), line.get("phase", "start"))
        for line in lines
    ]


def mails(lines: Iterable[Mapping[str, Any]]) -> list[Delivery]:
    """What the mail sink accepted; the notification id is the left-hand side of the Message-ID."""
    return [
        Delivery(
            instant(line["received_at"]),
            "email",
            (line.get("message_id") or "").strip("<>").split("@")[0],
            tuple(line["rcpt_tos"]),
        )
        for line in lines
    ]


def messages(medium: str, lines: Iterable[Mapping[str, Any]]) -> list[Delivery]:
    """What the sink of text messages, or that of webhooks, accepted."""
    return [
        Delivery(instant(line["received_at"]), medium, line["notification_id"], (line["recipient"],)) for line in lines
    ]


def live_entries(lines: Iterable[Mapping[str, Any]]) -> dict[str, list[Seen]]:
    """What the live reader saw of each complaint, in the order in which it saw it."""
    found: dict[str, list[Seen]] = {}
    for line in lines:
        seen = Seen(line["partition"], line["offset"], line["sequence"])
        found.setdefault(line["complaint_id"], []).append(seen)
    return found


def samples(lines: Iterable[Mapping[str, Any]]) -> list[Sample]:
    """What each process held, in order of time."""
    return [
        Sample(
            line["second"], line["instance"], line["pid"], line["fds"], line["rss_bytes"], line.get("state_files", 0)
        )
        for line in lines
    ]


def scrapes(lines: Iterable[Mapping[str, Any]]) -> list[Scrape]:
    """The metrics at the end."""
    return [Scrape(line["service"], str(line.get("instance", "")), line.get("text") or "") for line in lines]
