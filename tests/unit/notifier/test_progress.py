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
from tests.unit.notifier.letters import a_request

ABOUT: dict[str, Any] = {
    "notification_id": "n", "complaint_id": COMPLAINT_ID, "cycle": 1, "template": "result",
    "audience": "complainant", "medium": "email", "happened_at": NOON,
}  # fmt: skip
LATER = NOON + timedelta(seconds=5)


def attempted(attempt: int) -> Event:
    return NotificationAttempted(**ABOUT, attempt=attempt)


def deferred(attempt: int, *, doubt: bool) -> Event:
    return NotificationDeferred(**ABOUT, attempt=attempt, reason="r", retry_at=LATER, possibly_delivered=doubt)


def sent(attempt: int, *, possible_repeat: bool = False) -> Event:
    return NotificationSent(**ABOUT, attempt=attempt, possible_repeat=possible_repeat)


def failed(attempt: int) -> Event:
    return NotificationFailed(**ABOUT, attempt=attempt, reason="smtp_550")


def after(events: list[Event]) -> Progress:
    progress = NOTHING_YET
    for event in events:
        progress = follow(progress, event)
    return progress


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], NOTHING_YET),
        ([attempted(1)], Progress(1, True, open_attempts=1)),
        ([attempted(1), attempted(1)], Progress(1, True, open_attempts=2)),
        ([attempted(1), deferred(1, doubt=False)], Progress(1, False, LATER)),
        ([attempted(1), deferred(1, doubt=True)], Progress(1, True, LATER)),
        ([attempted(1), deferred(1, doubt=False), attempted(2)], Progress(2, True, open_attempts=1)),
        ([attempted(1), attempted(2), deferred(1, doubt=False)], Progress(2, True, LATER, open_attempts=1)),
    ],
)
def test_an_attempt_without_an_end_may_have_arrived(events: list[Event], expected: Progress) -> None:
    assert after(events) == expected


@pytest.mark.parametrize("end", [sent(1), failed(1)])
def test_sent_and_failed_settle_a_message(end: Event) -> None:
    assert follow(follow(NOTHING_YET, attempted(1)), end).is_settled


def test_an_attempt_written_after_a_message_was_settled_does_not_unsettle_it() -> None:
    settled = follow(follow(NOTHING_YET, attempted(1)), sent(1))
    assert follow(settled, attempted(1)).is_settled


@pytest.mark.parametrize(
    "events",
    [
        [attempted(1), attempted(2), sent(1)],  # overtaken
        [attempted(1), attempted(1), sent(1)],  # neither owner knew of the other
        [attempted(1), sent(1), attempted(2)],  # the later owner had not read the end
        [attempted(1), sent(1), attempted(1)],
        [attempted(1), attempted(2), deferred(1, doubt=False), attempted(3), sent(3)],
    ],
)
def test_where_two_owners_may_have_sent_a_repeat_is_unsaid_until_somebody_says_it(events: list[Event]) -> None:
    settled = after(events)
    assert settled.is_settled
    assert settled.is_repeat_unsaid
    said = follow(settled, sent(2, possible_repeat=True))
    assert said.is_settled
    assert not said.is_repeat_unsaid
    assert not follow(said, attempted(4)).is_repeat_unsaid


@pytest.mark.parametrize(
    "events",
    [
        [attempted(1), sent(1)],
        [attempted(1), deferred(1, doubt=False), attempted(2), sent(2)],
        [attempted(1), attempted(2), sent(2, possible_repeat=True)],
        [attempted(1), failed(1), attempted(2)],
        [attempted(1), failed(1), attempted(2), sent(2)],
    ],
)
def test_otherwise_there_is_nothing_to_say(events: list[Event]) -> None:
    assert not after(events).is_repeat_unsaid


def test_a_letter_that_was_withheld_is_settled_and_was_not_sent() -> None:
    """Who takes over must not ask again: the answer may be another by then, and the outcome is written."""
    withheld = follow(NOTHING_YET, NotificationSkipped(**ABOUT, reason="recipient_limit"))
    assert withheld.is_settled
    assert not withheld.is_sent


def test_other_events_say_nothing() -> None:
    assert follow(NOTHING_YET, a_request()) == NOTHING_YET
