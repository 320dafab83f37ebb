"""``cbus audit``: since when, what it lists, and what it says of the ledger."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from services.auditor.domain.case_audit import CaseAudit
from services.auditor.domain.ledger import ENTRIES, hourly
from services.cli import audit
from services.cli.app import app
from services.cli.audit import (
    _HEADINGS,
    NO_VERDICT_YET,
    _is_audited,
    _print_ledger,
    as_document,
    holes_in,
    parse_since,
)
from services.cli.kafka_access import is_bus_topic
from shared.events.topics import AUDIT_EVENTS, bus_topics
from shared.settings import KafkaSettings
from shared.streaming.records import TopicPartition
from tests.unit.auditor.journey import COMPLAINT_ID, Audit, journey, submission

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
RECEIPT = "2026-03-02T01:00:00.000Z"


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("90m", NOW - timedelta(minutes=90)),
        ("24h", NOW - timedelta(hours=24)),
        ("7d", NOW - timedelta(days=7)),
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T08:00+08:00", datetime(2026, 3, 1, 0, 0, tzinfo=UTC)),
    ],
)
def test_since_is_a_span_or_an_instant(text: str, instant: datetime) -> None:
    assert parse_since(text, NOW) == instant


@pytest.mark.parametrize("text", ["", "h", "24", "24w", "yesterday", "999999d"])
def test_another_since_is_wrong_use(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        parse_since(text, NOW)


def rows(*audits: Audit) -> list[CaseAudit]:
    return [audit.row for audit in audits if audit.row is not None]


def test_a_clean_ledger_says_so() -> None:
    found = rows(Audit().see(journey(duplicates=2)))
    document = as_document(hourly(found), holes_in(found), 0)
    assert document["balanced"] is True
    (hour,) = document["hours"]
    assert (hour["hour"], hour["received"], hour["registered"], hour["duplicate"]) == (
        "2026-03-02T01:00:00.000Z",
        3,
        1,
        2,
    )
    assert (hour["holes"], hour["pending"], hour["balanced"]) == ({}, 0, True)


def test_a_hole_is_named_and_what_may_still_come_is_not() -> None:
    hole, pending = Audit().see([submission()]).wait(minutes=5), Audit().see([submission()])
    found = rows(hole, pending)
    document = as_document(hourly(found), holes_in(found), 3)
    assert (document["balanced"], document["unread_records"]) == (False, 3)
    assert document["holes"] == [
        {"complaint_id": COMPLAINT_ID, "kind": "unaccounted", "opened_at": "2026-03-02T10:00:00.000Z"}
    ]
    (hour,) = document["hours"]
    assert (hour["holes"], hour["pending"]) == ({"unaccounted": 1}, 1)


def test_the_printed_ledger_has_every_column_in_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    found = rows(Audit().see(journey()))
    _print_ledger(hourly(found), holes_in(found))
    shown = capsys.readouterr()
    assert set(_HEADINGS) == {"hour", *ENTRIES, "pending", "holes"}
    for heading in _HEADINGS.values():
        assert re.fullmatch(r"[a-z ]+\n[\u4e00-\u9fff]+", heading)
        assert not set(heading.split()) - set(shown.out.split()), heading
    assert "holes 缺口: none 无" in shown.err


def test_what_the_auditor_has_not_read_is_looked_for_where_it_reads() -> None:
    """A topic that grows and is never read by it would look like arrears for ever."""
    read = {topic.name for topic in bus_topics(["quality"]) if "auditor" in topic.readers and is_bus_topic(topic.name)}
    looked_at = {
        topic.name for topic in bus_topics(["quality"]) if is_bus_topic(topic.name) and _is_audited(topic.name)
    }
    assert looked_at == read - {AUDIT_EVENTS}


def test_what_was_not_read_yet_leaves_no_verdict() -> None:
    """Nothing missing among what was read says nothing of the rest: the auditor may be dead."""
    found = rows(Audit().see(journey()))
    document = as_document(hourly(found), holes_in(found), 3)
    assert (document["balanced"], document["unread_records"]) == (None, 3)


@pytest.mark.parametrize(
    ("holes", "unread", "code"), [(False, 0, 0), (True, 0, 1), (True, 3, 1), (False, 3, NO_VERDICT_YET)]
)
def test_the_exit_code_tells_a_hole_from_a_verdict_that_is_not_in(
    holes: bool, unread: int, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = Audit().see([submission()]).wait(minutes=5) if holes else Audit().see(journey())
    asked: list[str] = []

    def answer(what: str, found: Any) -> Callable[[object], Any]:
        def asked_for(_: object) -> Any:
            asked.append(what)
            return found

        return asked_for

    monkeypatch.setattr(audit, "count_unread", answer("unread", unread))
    monkeypatch.setattr(audit, "read_rows", answer("rows", rows(seen)))
    result = CliRunner().invoke(app, ["audit", "--json"])
    assert result.exit_code == code, result.output
    assert json.loads(result.stdout)["balanced"] == {0: True, 1: False, NO_VERDICT_YET: None}[code]
    assert ("verdict is not in" in result.stderr) == (code == NO_VERDICT_YET)
    assert ("still to read" in result.stderr) == (unread > 0)
    assert asked == ["unread", "rows"], "what is read between the two must be in the rows"


class Behind:
    """A reader whose group has read up to 4 of 6 in one partition, and all there is in the other 11."""

    def __init__(self, end: int) -> None:
        self._end = end

    def topics(self) -> set[str]:
        return {"complaints.received.v1", "audit.events.v1"}

    def partitions_for_topic(self, topic: str) -> set[int]:
        assert topic == "complaints.received.v1", "the auditor does not read its own"
        return set(range(12))

    def end_offsets(self, places: list[Any]) -> dict[Any, int]:
        return {place: self._end if place.partition == 3 else 0 for place in places}

    def committed(self, place: Any, timeout_ms: int) -> int | None:
        return 4 if place.partition == 3 else None

    def close(self) -> None:
        """Nothing to let go of."""


@pytest.mark.parametrize(("end", "unread"), [(4, 0), (6, 2), (9_000, 500)])
def test_unread_is_what_lies_behind_the_groups_offsets(end: int, unread: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def scanned(_: object, places: list[TopicPartition], starts: dict[TopicPartition, int]) -> Iterator[int]:
        for place in places:
            yield from range(starts[place], end)

    monkeypatch.setattr(audit, "open_reader", lambda settings, group: Behind(end))
    monkeypatch.setattr(audit, "scan", scanned)
    assert audit.count_unread(KafkaSettings()) == unread
