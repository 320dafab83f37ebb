"""What follows from the end of a conversation with the relay."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain.retry import (
    GiveUp,
    Handover,
    HandoverResult,
    Sent,
    TryAgain,
    decide,
)
from services.notifier.media.mail.replies import judge_reply

SCHEDULE = (timedelta(seconds=5), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))
ACCEPTED = Handover(HandoverResult.ACCEPTED, "smtp_250")
GREYLISTED = Handover(HandoverResult.TRY_LATER, "smtp_450")
NO_SUCH_USER = Handover(HandoverResult.REFUSED, "smtp_550")
NO_REPLY = Handover(HandoverResult.UNKNOWN, "no_reply")


@pytest.mark.parametrize(
    ("code", "complete", "result", "reason"),
    [
        (250, True, HandoverResult.ACCEPTED, "smtp_250"),
        (421, False, HandoverResult.TRY_LATER, "smtp_421"),
        (450, False, HandoverResult.TRY_LATER, "smtp_450"),
        (452, True, HandoverResult.TRY_LATER, "smtp_452"),
        (550, False, HandoverResult.REFUSED, "smtp_550"),
        (554, True, HandoverResult.REFUSED, "smtp_554"),
        (-1, False, HandoverResult.TRY_LATER, "unintelligible_reply"),
        (-1, True, HandoverResult.UNKNOWN, "unintelligible_reply"),
        (354, True, HandoverResult.UNKNOWN, "unintelligible_reply"),
    ],
)
def test_replies_mean_what_rfc_5321_says(code: int, complete: bool, result: HandoverResult, reason: str) -> None:
    assert judge_reply(code, message_complete=complete) == Handover(result, reason)


def test_a_transient_refusal_is_tried_again_on_schedule_and_then_given_up() -> None:
    decisions = [
        decide(GREYLISTED, attempt=attempt, possibly_delivered=False, schedule=SCHEDULE) for attempt in range(1, 6)
    ]
    assert decisions == [*(TryAgain(wait, "smtp_450", False) for wait in SCHEDULE), GiveUp("retries_exhausted")]


def test_a_permanent_refusal_is_given_up_at_once() -> None:
    assert decide(NO_SUCH_USER, attempt=1, possibly_delivered=False, schedule=SCHEDULE) == GiveUp("smtp_550")


def test_no_reply_is_tried_again_as_a_possible_repeat() -> None:
    assert decide(NO_REPLY, attempt=1, possibly_delivered=False, schedule=SCHEDULE) == TryAgain(
        SCHEDULE[0], "no_reply", True
    )
    assert decide(ACCEPTED, attempt=2, possibly_delivered=True, schedule=SCHEDULE) == Sent(possible_repeat=True)


def test_doubt_is_not_forgotten_by_a_later_refusal() -> None:
    assert decide(GREYLISTED, attempt=2, possibly_delivered=True, schedule=SCHEDULE) == TryAgain(
        SCHEDULE[1], "smtp_450", True
    )
    assert decide(GREYLISTED, attempt=5, possibly_delivered=True, schedule=SCHEDULE) == GiveUp("outcome_unknown")


@given(st.lists(st.sampled_from([ACCEPTED, GREYLISTED, NO_SUCH_USER, NO_REPLY]), min_size=5, max_size=5))
def test_every_message_ends_and_is_flagged_exactly_when_an_attempt_ended_unknown(handovers: list[Handover]) -> None:
    doubt, decision = False, None
    for attempt, handover in enumerate(handovers, start=1):
        decision = decide(handover, attempt=attempt, possibly_delivered=doubt, schedule=SCHEDULE)
        if not isinstance(decision, TryAgain):
            break
        doubt = decision.possibly_delivered
    assert isinstance(decision, Sent | GiveUp)
    before = handovers[: attempt - 1]
    if isinstance(decision, Sent):
        assert decision.possible_repeat is (NO_REPLY in before)
    elif decision.reason == "outcome_unknown":
        assert NO_REPLY in handovers[:attempt]
    elif decision.reason == "retries_exhausted":
        assert NO_REPLY not in handovers
