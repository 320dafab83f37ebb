"""What a takeover learns from the events about a message."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.notifier.domain.progress import NOTHING_YET, Progress, follow
from shared.events.base import Event
from shared.events.notifications import (
    NotificationAttempted,
    NotificationDeferred,
    NotificationFailed,
    NotificationSent,
    NotificationSkipped,
)
from tests.unit.notifier.cases import COMPLAINT_ID, NOON

ABOUT: dict[str, Any] = {
    "notification_id": "n", "complaint_id": COMPLAINT_ID, "cycle": 1, "template": "result",
    "audience": "complainant", "medium": "email", "happened_at": NOON,
}  # fmt: skip
LATER = NOON + timedelta(seconds=5)


def attempted(attempt: int) -> Event:
    return NotificationAttempted(**ABOUT, attempt=attempt)


def deferred(attempt: int, *, doubt: bool) -> Event:
    return NotificationDeferred(**ABOUT, attempt=attempt, reason="r", retry_at=LATER, possibly_delivered=doubt)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], NOTHING_YET),
        ([attempted(1)], Progress(1, True)),
        ([attempted(1), attempted(1)], Progress(1, True)),
        ([attempted(1), deferred(1, doubt=False)], Progress(1, False, LATER)),
        ([attempted(1), deferred(1, doubt=True)], Progress(1, True, LATER)),
        ([attempted(1), deferred(1, doubt=False), attempted(2)], Progress(2, True)),
    ],
)
def test_an_attempt_without_an_end_may_have_arrived(events: list[Event], expected: Progress) -> None:
    progress = NOTHING_YET
    for event in events:
        progress = follow(progress, event)
    assert progress == expected


@pytest.mark.parametrize(
    "end", [NotificationSent(**ABOUT, attempt=1), NotificationFailed(**ABOUT, attempt=1, reason="smtp_550")]
)
def test_sent_and_failed_settle_a_message(end: Event) -> None:
    assert follow(follow(NOTHING_YET, attempted(1)), end).is_settled


def test_an_attempt_a_former_owner_wrote_too_late_does_not_unsettle_a_message() -> None:
    settled = follow(follow(NOTHING_YET, attempted(1)), NotificationSent(**ABOUT, attempt=1))
    assert follow(settled, attempted(1)).is_settled


def test_success_of_an_attempt_that_was_overtaken_leaves_a_repeat_unsaid_until_somebody_says_it() -> None:
    overtaken = follow(follow(NOTHING_YET, attempted(1)), attempted(2))
    settled = follow(overtaken, NotificationSent(**ABOUT, attempt=1))
    assert settled.is_settled
    assert settled.is_repeat_unsaid
    said = follow(settled, NotificationSent(**ABOUT, attempt=2, possible_repeat=True))
    assert said.is_settled
    assert not said.is_repeat_unsaid


def test_other_events_say_nothing() -> None:
    assert follow(NOTHING_YET, NotificationSkipped(**ABOUT, reason="anonymous")) == NOTHING_YET
