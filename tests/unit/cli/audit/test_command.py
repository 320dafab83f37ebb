"""``cbus audit``: since when, what it lists, and what it says of the ledger."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from services.auditor.domain.case_audit import CaseAudit
from services.auditor.domain.ledger import ENTRIES, hourly
from services.cli.app import app
from services.cli.audit import command as audit
from services.cli.audit.command import (
    _HEADINGS,
    NO_VERDICT_YET,
    _print_ledger,
    as_document,
    holes_in,
    parse_since,
)
from services.cli.audit.topics import NOTHING_FOUND, TopicFindings, gone_records
from shared.streaming.dead_letters import gap_letter
from shared.streaming.records import ConsumerRecord, TopicPartition
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


def test_what_was_not_read_yet_leaves_no_verdict() -> None:
    """Nothing missing among what was read says nothing of the rest: the auditor may be dead."""
    found = rows(Audit().see(journey()))
    document = as_document(hourly(found), holes_in(found), 3)
    assert (document["balanced"], document["unread_records"]) == (None, 3)


def surplus(topic: str) -> TopicFindings:
    return TopicFindings([{"topic": topic, "partition": 12, "records": 3}])


GONE = TopicFindings(
    gone=[{"topic": "departments.a.updates.v1", "partition": 3, "first": 1, "resumed_at": 4, "at": RECEIPT}]
)


@pytest.mark.parametrize(
    ("holes", "unread", "found", "code"),
    [
        (False, 0, NOTHING_FOUND, 0),
        (True, 0, NOTHING_FOUND, 1),
        (True, 3, NOTHING_FOUND, 1),
        (False, 3, NOTHING_FOUND, NO_VERDICT_YET),
        (False, 0, surplus("complaints.received.v1"), 1),
        (False, 0, surplus("departments.a.updates.v1"), 0),
        (False, 0, GONE, 0),
    ],
)
def test_the_exit_code_tells_a_hole_from_a_verdict_that_is_not_in(
    holes: bool, unread: int, found: TopicFindings, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = Audit().see([submission()]).wait(minutes=5) if holes else Audit().see(journey())
    asked: list[str] = []

    def answer(what: str, found: Any) -> Callable[[object], Any]:
        def asked_for(*_: object) -> Any:
            asked.append(what)
            return found

        return asked_for

    monkeypatch.setattr(audit, "audited_ends", answer("ends", {}))
    monkeypatch.setattr(audit, "wait_until_read", answer("unread", unread))
    monkeypatch.setattr(audit, "read_rows", answer("rows", rows(seen)))
    monkeypatch.setattr(audit, "look_at_topics", answer("topics", found))
    result = CliRunner().invoke(app, ["audit", "--json"])
    assert result.exit_code == code, result.output
    assert json.loads(result.stdout)["balanced"] == {0: True, 1: False, NO_VERDICT_YET: None}[code]
    assert ("verdict is not in" in result.stderr) == (code == NO_VERDICT_YET)
    assert ("still to read" in result.stderr) == (unread > 0)
    assert asked == ["ends", "unread", "rows", "topics"], "what was read by then must be in the rows"


def test_what_a_department_lost_is_read_from_its_dead_letters() -> None:
    place = TopicPartition("departments.a.updates.v1", 3)
    told = gap_letter(place, (1, 4), "departments.a.dead-letters.v1", "why", "router", NOW)
    letters = [ConsumerRecord(told.topic, 3, 0, None, None, told.headers, 0)]
    letters.append(ConsumerRecord(told.topic, 3, 1, b"key", b"{}", [("dlq_reason", b"unknown_case")], 0))
    [found] = gone_records(letters)
    assert (found["topic"], found["partition"], found["first"], found["resumed_at"]) == (*place, 1, 4)
    assert TopicFindings(gone=[found]).lines() == [
        "gone unread 未读即删: departments.a.updates.v1[3] from 1 to 4, found at 2026-03-02T12:00:00.000Z"
    ]


README = Path(__file__).parents[4] / "services" / "auditor" / "README.md"


@pytest.mark.parametrize("heading", [heading.replace("\n", " ") for heading in _HEADINGS.values()])
def test_every_column_of_the_ledger_is_explained(heading: str) -> None:
    assert f"| {heading} |" in README.read_text(encoding="utf-8")


def test_the_help_says_where_the_columns_are_explained() -> None:
    assert "services/auditor/README.md" in CliRunner().invoke(app, ["audit", "--help"]).stdout
