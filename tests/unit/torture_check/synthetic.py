"""A small run made by hand: what was asked, every record it led to, and the mail that arrived. Sound until doctored."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.local.service_process import PROJECT_ROOT
from shared.events import ids
from tests.torture.check.free_text import PersonalData
from tests.torture.check.history import History, HistoryBuilder, PartitionEnd
from tests.torture.check.rules.settled import _inputs
from tests.torture.check.run_files import Run, faults, live_entries, mails, messages, operations, samples, scrapes

RECEIVED_AT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
"""A Monday, 9:30 in Shanghai."""
DEPARTMENTS = ("triage", "product-quality", "product-safety", "legal")
DUE = {
    "registration": "2026-03-03T10:00:00Z",
    "first_response": "2026-03-03T01:30:00Z",
    "verification": "2026-03-05T01:30:00Z",
    "contact": "2026-03-05T10:00:00Z",
    "resolution": "2026-03-23T10:00:00Z",
    "callback": "2026-03-11T16:00:00Z",
}
"""Worked out on paper: working days end at 18:00 in Shanghai, natural days at midnight there."""
CRITICAL_DUE = {"first_response": "2026-03-02T03:30:00Z", "verification": "2026-03-03T01:30:00Z"}
PARTITION = 3
LIFECYCLE, RECEIVED, CLOCKS = "complaints.lifecycle.v1", "complaints.received.v1", "sla.events.v1"
REQUESTS, OUTCOMES = "notifications.requests.v1", "notifications.events.v1"
ROUTER_DEAD_LETTERS = "router.dead-letters.v1"

Data = dict[str, Any]


@dataclass
class Raw:
    """A record before it is read; change it to doctor the run."""

    topic: str
    key: str
    event_type: str
    event_id: str
    data: Any
    headers: dict[str, bytes] = field(default_factory=dict)
    partition: int = PARTITION
    offset: int = 0
    written_at: int = 0
    late_ms: int = 0
    """Written this much later than its neighbours."""
    origin: Raw | None = None
    """Of a dead letter: the record put aside."""

    def all_headers(self) -> list[tuple[str, bytes]]:
        """As on the wire."""
        named = {"ce_id": self.event_id.encode(), "ce_type": self.event_type.encode(), "ce_subject": self.key.encode()}
        return list((named | self.headers).items())


def at(hours: float) -> str:
    """An instant, hours after the receipt."""
    return (RECEIVED_AT + timedelta(hours=hours)).isoformat()


def uuid_of(*parts: object) -> str:
    """A deterministic id."""
    return ids.event_id("synthetic", "id", "/".join(map(str, parts)))


class SyntheticRun:
    """Builds, is doctored, becomes a history."""

    def __init__(self) -> None:
        self.ledger: list[Data] = []
        self.records: list[Raw] = []
        self.mails: list[Data] = []
        self.texts: list[Data] = []
        self.nemesis: list[Data] = []
        self.metrics: list[Data] = []
        self.state: dict[str, dict[str, Data]] = {"router.state.v1": {}, "sla.state.v1": {}, "notifier.state.v1": {}}
        self.live_reader: Callable[[list[Data]], list[Data]] | None = list
        """What a reader that watched makes of the entries of the case log; None: nobody watched."""
        self.samples: list[Data] = []
        self.logs: list[str] = []
        self.audit: Data | None = None
        self.open_transaction = False
        self.lagging_group: str | None = None
        self._sequences: dict[str, int] = {}

    # -- the client ----------------------------------------------------------------------------------------------

    def operation(self, kind: str, outcome: str, key: str, body: Data, *, hours: float = 0.0, **told: Any) -> None:
        """A request and its answer."""
        number = 1 + sum(line["state"] == "invoke" for line in self.ledger)
        channel = body.get("channel", "web")
        invoked = {"op": number, "state": "invoke", "at": at(hours), "kind": kind, "key": key, "channel": channel}
        if kind != "poison":
            invoked["complaint_id_expected"] = ids.complaint_id(channel, key.removesuffix("-supplements"))
        self.ledger.append(invoked | {"submission": body})
        if outcome == "ok" and kind not in ("message", "poison"):
            complaint_id = ids.complaint_id(channel, key)
            ticket = ids.ticket_number(complaint_id, RECEIVED_AT)
            told = {"status": 202, "complaint_id": complaint_id, "ticket_number": ticket} | told
        self.ledger.append({"op": number, "state": outcome, "at": at(hours + 0.1), **told})

    # -- the bus -------------------------------------------------------------------------------------------------

    def record(self, topic: str, key: str, event_type: str, data: Any, event_id: str | None = None) -> Raw:
        """One more record."""
        raw = Raw(topic, key, event_type, event_id or uuid_of(topic, len(self.records)), data)
        self.records.append(raw)
        return raw

    def submitted(self, key: str, body: Data) -> Data:
        """The record intake writes; the complaint in it."""
        complaint_id = ids.complaint_id(body["channel"], key)
        complaint = body | {
            "complaint_id": complaint_id,
            "ticket_number": ids.ticket_number(complaint_id, RECEIVED_AT),
            "content_digest": ids.content_digest(json.dumps(body).encode()),
            "received_at": RECEIVED_AT.isoformat(),
        }
        event_id = ids.event_id(complaint_id, "complaint.submitted.v1", complaint["content_digest"])
        self.record(RECEIVED, complaint_id, "complaint.submitted.v1", {"complaint": complaint}, event_id)
        return complaint

    def entry(self, case: Data, name: str, hours: float, caused_by: str = "", **facts: Any) -> Raw:
        """An entry of the case log."""
        key = case["complaint_id"]
        sequence = self._sequences[key] = self._sequences.get(key, 0) + 1
        data = {"complaint_id": key, "cycle": 1, "sequence": sequence, "happened_at": at(hours), **facts}
        event_type = f"complaint.{name}.v1"
        return self.record(
            LIFECYCLE, key, event_type, data, ids.event_id(caused_by or key, event_type, f"{key}/{sequence}")
        )

    def opened(self, complaint: Data, classification: Data, lead: str, *others: str) -> None:
        """Registered, assessed, dispatched."""
        key = complaint["complaint_id"]
        self.entry(complaint, "registered", 0.01, complaint=complaint)
        self.entry(complaint, "assessed", 0.01, classification=classification)
        roles = [(lead, "lead"), *((other, "co_handler") for other in others)]
        assignments = [
            {"assignment_id": ids.assignment_id(key, 1, department, 1), "department": department, "role": role}
            for department, role in roles
        ]
        decision = {"lead": lead, "co_handlers": list(others)}
        self.entry(complaint, "dispatched", 0.01, decision=decision, assignments=assignments, cause="initial")
        for assignment in assignments:
            task = {"assignment": assignment, "cycle": 1, "complaint": complaint}
            self.record(f"departments.{assignment['department']}.v1", key, "assignment.dispatched.v1", task)

    def clock(self, complaint: Data, clock: str, name: str, due_by: str, started: float = 0.0, **facts: Any) -> Raw:
        """A clock event."""
        data = {"cycle": 1, "clock": clock, "started_at": at(started), "due_by": due_by, **facts}
        return self.record(CLOCKS, complaint["complaint_id"], f"sla.{name}.v1", data)

    def armed(self, complaint: Data) -> None:
        """The clocks of an opened case, registration already met."""
        for clock in ("registration", "first_response", "verification", "resolution"):
            self.clock(complaint, clock, "armed", DUE[clock])
        self.clock(complaint, "registration", "met", DUE["registration"], stopped_at=at(0.01))
        self.clock(complaint, "contact", "armed", DUE["contact"], 0.01)

    def breached(self, complaint: Data, clock: str, due_by: str, department: str, started: float = 0.0) -> Raw:
        """A breach and the letter to the department."""
        breach = self.clock(complaint, clock, "breached", due_by, started, detected_at=due_by, department=department)
        self.letter(complaint, "breach_notice", breach.event_id, department=department, clock=clock)
        return breach

    def letter(
        self,
        complaint: Data,
        template: str,
        cause: str,
        department: str | None = None,
        copies: int = 1,
        clock: str | None = None,
    ) -> str:
        """A request, its sending, and its arrival."""
        key, notification_id = complaint["complaint_id"], uuid_of(cause, template)
        data: Data = {"notification_id": notification_id, "cycle": 1, "template": template, "cause_event_id": cause}
        person = {"audience": "complainant", "complainant": complaint["complainant"]}
        data |= person if department is None else {"audience": "department", "department": department}
        data |= {"medium": "email"}
        data |= {"parameters": {"clock": clock}} if clock is not None else {}
        self.record(REQUESTS, key, "notification.requested.v1", data, notification_id)
        self.record(OUTCOMES, key, "notification.attempted.v1", data | {"attempt": 1})
        self.record(OUTCOMES, key, "notification.sent.v1", data | {"attempt": copies, "possible_repeat": copies > 1})
        address = complaint["complainant"]["email"] if department is None else f"{department}@example.com"
        message_id = f"<{notification_id}@example.com>"
        mail = {"received_at": at(0.1), "message_id": message_id, "rcpt_tos": [address]}
        self.mails += [dict(mail) for _ in range(copies)]
        return notification_id

    def dead_letter(self, origin: Raw, reason: str) -> Raw:
        """``origin`` put aside."""
        letter = self.record(ROUTER_DEAD_LETTERS, origin.key, origin.event_type, origin.data, origin.event_id)
        letter.headers = {"dlq_reason": reason.encode()}
        letter.origin = origin
        return letter

    def remember(self, complaint: Data, status: str, running: list[str], correspondence: Data) -> None:
        """The services' last rows; ``correspondence`` is the composer's, but for the person."""
        key = complaint["complaint_id"]
        row = {"sequence": self._sequences[key]} | ({} if status == "open" else {"status": status})
        self.state["router.state.v1"][key] = row
        self.state["sla.state.v1"][key] = {"running": [{"clock": clock} for clock in running]}
        person = {name: value for name, value in complaint["complainant"].items() if name in ("name", "email")}
        self.state["notifier.state.v1"][key] = {"complaint_id": key, "complainant": person} | correspondence

    def lives(self, instance: str, seconds: float, fds: int = 60, mebibytes: int = 110) -> list[Data]:
        """A process that was looked at every five seconds and holds the same all the time; what was noted of it."""
        noted = [
            {"second": second, "instance": instance, "pid": 7, "fds": fds, "rss_bytes": mebibytes * 2**20}
            for second in range(0, round(seconds) + 1, 5)
        ]
        self.samples += noted
        return noted

    # -- reading -------------------------------------------------------------------------------------------------

    def find(self, event_type: str, key: str | None = None, clock: str | None = None) -> Raw:
        """The first record of a type."""
        return next(
            raw
            for raw in self.records
            if raw.event_type == event_type
            and key in (None, raw.key)
            and clock in (None, raw.data.get("clock"))
            and "dead-letters" not in raw.topic
        )

    def remove(self, event_type: str, **which: Any) -> None:
        """Take the first record of a type out."""
        self.records.remove(self.find(event_type, **which))

    def again(self, raw: Raw) -> None:
        """The same record a second time."""
        self.records.append(
            Raw(raw.topic, raw.key, raw.event_type, raw.event_id, raw.data, dict(raw.headers), origin=raw.origin)
        )

    def history(self) -> History:
        """Everything as the checker would have read it."""
        run = Run(
            bootstrap="",
            topics=(),
            departments=DEPARTMENTS,
            config_directory=PROJECT_ROOT / "deploy/config",
            speed=3600.0,
            rto_seconds=10.0,
            clock_origin=round(RECEIVED_AT.timestamp() * 1e6),
            clocks_stopped_at=round(datetime(2026, 3, 6, tzinfo=UTC).timestamp() * 1e6),
            read_live=self.live_reader is not None,
            sampled=True,
        )
        personal = PersonalData()
        for line in self.ledger:
            if line["state"] == "invoke":
                personal.see(line["op"], line["submission"])
        history = History(
            run,
            operations(self._placed()),
            faults(self.nemesis),
            [*mails(self.mails), *messages("sms", self.texts)],
            scrapes(self.metrics),
            personal_data=personal,
            samples=samples(self.samples),
            audit=self.audit,
        )
        history.live = live_entries(self._seen_live())
        for number, text in enumerate(self.logs, 1):
            history.free_text.see(text, f"router-0.log:{number}")
        self._add_records(history)
        self._add_ends(history)
        return history

    def _seen_live(self) -> list[Data]:
        """Once all records have their offsets."""
        entries = [
            {
                "partition": raw.partition,
                "offset": raw.offset,
                "complaint_id": raw.key,
                "sequence": raw.data["sequence"],
            }
            for raw in self.records
            if raw.topic == LIFECYCLE
        ]
        return [] if self.live_reader is None else self.live_reader(entries)

    def _placed(self) -> list[Data]:
        """Poison's place is known once all records have their offsets."""
        offsets: dict[str, int] = {}
        for raw in self.records:
            raw.offset = offsets[raw.topic] = offsets.get(raw.topic, -1) + 1
            raw.written_at = round(RECEIVED_AT.timestamp() * 1000) + raw.offset + raw.late_ms
        places = {
            raw.key: {"topic": raw.topic, "partition": raw.partition, "offset": raw.offset}
            for raw in self.records
            if raw.origin is None
        }
        keys = {line["op"]: line["key"] for line in self.ledger if line.get("kind") == "poison"}
        return [
            line | places.get(keys[line["op"]], {}) if line["state"] == "ok" and line["op"] in keys else line
            for line in self.ledger
        ]

    def _add_records(self, history: History) -> None:
        builder = HistoryBuilder(history)
        for raw in self.records:
            headers = raw.all_headers()
            if raw.origin is not None:
                place = {
                    "topic": raw.origin.topic,
                    "partition": raw.origin.partition,
                    "offset": raw.origin.offset,
                }
                headers += [(f"dlq_{name}", str(value).encode()) for name, value in place.items()]
            value = raw.data if isinstance(raw.data, bytes) else json.dumps(raw.data).encode()
            builder.add(raw.topic, raw.partition, raw.offset, raw.written_at, raw.key.encode(), headers, value)
        for topic, rows in self.state.items():
            for number, (key, row) in enumerate(rows.items()):
                builder.add(topic, PARTITION, number, 0, key.encode(), [], json.dumps(row).encode())
        builder.finish()

    def _add_ends(self, history: History) -> None:
        places = history.last_offsets.items()
        history.ends = [
            PartitionEnd(topic, number, last + 2 - self.open_transaction, last + 2) for (topic, number), last in places
        ]
        history.committed = {
            (group, *place): last + (group != self.lagging_group)
            for group, inputs in _inputs(history).items()
            for place, last in places
            if place[0] in inputs
        }
