"""The demo waits for the auditor's last word, and not for ever."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.cli.audit import progress as audit_progress
from services.cli.demo.audit import DemoAudit, audit_of, final_audit
from services.cli.demo.command import is_sound, say_what_was_found
from tests.unit.auditor.journey import NOW, Audit, submission

READING = DemoAudit(complaints=3, pending=0, holes=0, unread_records=7)
WAITING = DemoAudit(complaints=5, pending=1, holes=0, unread_records=0)
BALANCED = DemoAudit(complaints=5, pending=0, holes=0, unread_records=0)


def test_what_is_pending_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_progress, "LOOK_AGAIN_SECONDS", 0.0)
    answers = iter([WAITING, WAITING, BALANCED, WAITING])
    assert final_audit(lambda: next(answers), within_seconds=60) == BALANCED


def test_when_the_time_is_over_the_last_answer_stands() -> None:
    answers = iter([WAITING, BALANCED])
    assert final_audit(lambda: next(answers), within_seconds=0) == WAITING


@pytest.mark.parametrize(("minutes", "pending"), [(0, 1), (-1, 0)])
def test_pending_is_what_was_missing_when_it_was_asked(minutes: int, pending: int) -> None:
    """A breach told just now is on its way, and there is always another."""
    row = Audit().see([submission()]).row
    assert row is not None
    assert audit_of([row], NOW + timedelta(minutes=minutes), unread=0).pending == pending


def figures(audit: DemoAudit, **more: int) -> dict[str, Any]:
    counts = {"sent": 5, "accepted": 5, "rejected": 0, "refusals": [], "lost": 0, "duplicated": 0, "ticket": "t"}
    return counts | {"dead_letters": 0, "dead_letter_reasons": {}, "audit": audit._asdict()} | more


@pytest.mark.parametrize(("audit", "sound"), [(BALANCED, True), (WAITING, True), (READING, False)])
def test_without_the_auditors_verdict_a_demo_is_not_sound(audit: DemoAudit, sound: bool) -> None:
    assert is_sound(figures(audit)) is sound


def test_a_verdict_that_is_not_in_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    told = figures(READING)
    say_what_was_found(told, None)
    assert "verdict is not in" in capsys.readouterr().err
    say_what_was_found(told | {"audit": BALANCED._asdict()}, None)
    assert "verdict is not in" not in capsys.readouterr().err


def test_what_was_refused_is_told_with_its_first_reasons_and_is_not_sound(capsys: pytest.CaptureFixture[str]) -> None:
    refusals = [{"reason": "narrative.text: is blank", "first": "bad.jsonl:3", "count": 1500}]
    told = figures(BALANCED) | {"sent": 1505, "rejected": 1505, "refusals": refusals}
    assert not is_sound(told)
    say_what_was_found(told, None)
    said = capsys.readouterr().err
    assert not [
        word for word in ("1505 of 1505", "1500", "narrative.text: is blank", "bad.jsonl:3") if word not in said
    ]


def test_dead_letters_are_told_by_reason(capsys: pytest.CaptureFixture[str]) -> None:
    told = figures(BALANCED) | {"dead_letters": 3, "dead_letter_reasons": {"no_assignment": 2, "blank": 1}}
    say_what_was_found(told, None)
    assert "1 × blank, 2 × no_assignment" in capsys.readouterr().err


def test_a_settlement_that_was_cut_short_tells_what_there_is_and_is_not_sound(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = figures(BALANCED) | {"audit": None, "lost": None, "accepted": 84, "dispatched": 90}
    assert not is_sound(told)
    say_what_was_found(told, None)
    assert "accepted 84, dispatched 90" in capsys.readouterr().err
