"""What complainants are told, and when nobody is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.notifier.domain.notification import EXAMPLE_PARAMETERS, Template
from services.notifier.domain.reducer import expire
from shared.events.base import Event
from shared.events.notifications import NotificationRequested, NotificationSkipped
from tests.unit.notifier.cases import (
    COMPLAINT_ID,
    NOON,
    POLICY,
    TICKET,
    assessed,
    closed,
    dispatched,
    message_refused,
    play,
    registered,
    rejected,
    reopened,
    resolved,
    told,
    withdrawn,
)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([registered()], ["acknowledgement"]),
        ([registered(), assessed(), dispatched()], ["acknowledgement"]),
        ([registered(), dispatched(), resolved()], ["acknowledgement", "result"]),
        ([registered(), dispatched(), resolved(), closed()], ["acknowledgement", "result"]),
        ([registered(), withdrawn()], ["acknowledgement", "withdrawal_confirmed"]),
        ([registered(), rejected()], ["acknowledgement", "rejection"]),
        (
            [registered(), resolved(), closed(), message_refused()],
            ["acknowledgement", "result", "message_refused"],
        ),
        (
            [registered(), resolved(), closed(), reopened(2), resolved(2)],
            ["acknowledgement", "result", "reopened", "result"],
        ),
    ],
)
def test_each_turn_of_a_case_is_told_once(events: list[Event], expected: list[str]) -> None:
    assert told(play(*events)) == [(template, "complainant") for template in expected]


@pytest.mark.parametrize("event", [registered(), resolved(), withdrawn(), rejected(), reopened(), message_refused()])
def test_the_same_fact_told_twice_is_one_message(event: Event) -> None:
    once = play(registered(), event)
    assert play(event, event, state=once.state).emits == ()


@pytest.mark.parametrize(
    ("complaint", "reason"),
    [
        ({"email": None}, "no_address"),
        ({"email": ""}, "no_address"),
        ({"anonymous": True}, "anonymous"),
        ({"consent": False}, "no_consent"),
    ],
)
def test_who_cannot_or_must_not_be_told_is_recorded_with_the_reason(complaint: dict[str, object], reason: str) -> None:
    composition = play(registered(**complaint), resolved(), withdrawn(2), rejected(3), reopened(4))
    assert {addressee for _, addressee in told(composition)} == {f"skipped: {reason}"}
    assert len(composition.emits) == 5


def test_a_case_nobody_registered_is_skipped_with_a_reason() -> None:
    assert told(play(resolved())) == [("result", "skipped: unknown_case")]


@pytest.mark.parametrize(
    ("tag", "language"),
    [("zh-CN", "zh-CN"), ("zh", "zh-CN"), ("zh_TW", "zh-CN"), ("ZH-Hans", "zh-CN"), ("en-GB", "en"), ("de", "en")],
)
def test_chinese_speakers_are_written_to_in_chinese_and_others_in_english(tag: str, language: str) -> None:
    (output,) = play(registered(language=tag)).emits
    assert isinstance(output.event, NotificationRequested)
    assert output.event.language == language


def test_a_request_carries_name_and_address_and_no_other_personal_data() -> None:
    (output,) = play(registered()).emits
    request = output.event
    assert isinstance(request, NotificationRequested)
    assert request.complainant is not None
    assert request.complainant.model_dump(exclude_defaults=True) == {"name": "李华", "email": "li.hua@example.cn"}
    written = request.model_dump_json()
    assert "13800000000" not in written
    assert "漏水" not in written


def test_ids_are_made_of_cause_template_and_audience_so_a_repeat_has_the_same() -> None:
    first, again = play(registered()), play(registered())
    assert first.emits[0].event_id == again.emits[0].event_id
    requested = first.emits[0].event
    assert isinstance(requested, NotificationRequested)
    assert first.emits[0].event_id == requested.notification_id
    skipped = play(registered(email=None)).emits[0]
    assert isinstance(skipped.event, NotificationSkipped)
    assert skipped.event_id != skipped.event.notification_id


def test_the_parameters_are_those_the_templates_are_checked_with() -> None:
    events = (registered(), resolved(), withdrawn(2), rejected(3), reopened(4))
    for output in play(*events).emits:
        request = output.event
        assert isinstance(request, NotificationRequested)
        assert request.parameters.keys() == EXAMPLE_PARAMETERS[Template(request.template)].keys()
        assert (request.complaint_id, request.ticket_number) == (COMPLAINT_ID, TICKET)


def test_name_and_address_are_forgotten_some_time_after_the_case_ended() -> None:
    ended = play(registered(), dispatched(), resolved(), closed()).state
    assert ended is not None
    assert ended.due_at() == NOON + POLICY.keep_for
    assert expire(ended, POLICY, NOON + POLICY.keep_for).state is None


def test_a_case_that_goes_on_is_not_forgotten() -> None:
    open_again = play(registered(), dispatched(), resolved(), closed(), reopened()).state
    assert open_again is not None
    assert open_again.due_at() is None


def test_before_the_time_is_over_nothing_is_forgotten() -> None:
    ended = play(registered(), dispatched(), closed()).state
    assert ended is not None
    assert expire(ended, POLICY, NOON + POLICY.keep_for - timedelta(seconds=1)).state == ended


def test_events_nobody_is_told_about_leave_everything_as_it_is() -> None:
    known = play(registered()).state
    after = play(assessed(), state=known)
    assert after.state is known
    assert after.emits == ()
    assert play(assessed()).state is None


def test_each_kind_of_refusal_is_told_once_a_cycle_so_that_they_cannot_fill_a_mailbox() -> None:
    said = [registered(), closed()]
    said += [message_refused("supplement", "case_closed") for _ in range(50)]
    said += [message_refused("urge", "case_closed"), message_refused("urge", "withdrawn")]
    said += [message_refused("supplement", "case_closed", cycle=2)]
    assert told(play(*said)).count(("message_refused", "complainant")) == 4


def test_danger_is_told_apart_so_that_its_advice_goes_out() -> None:
    step = play(registered(), message_refused(safety=False), message_refused(safety=True))
    letters = [output.event for output in step.emits if isinstance(output.event, NotificationRequested)]
    assert [letter.parameters.get("danger") for letter in letters] == [None, "", "yes"]


def test_who_is_anonymous_is_not_written_to_about_a_refusal_either() -> None:
    step = play(registered(anonymous=True), message_refused())
    events = [output.event for output in step.emits]
    (skipped,) = [event for event in events if getattr(event, "template", None) == "message_refused"]
    assert isinstance(skipped, NotificationSkipped)
    assert skipped.reason == "anonymous"
