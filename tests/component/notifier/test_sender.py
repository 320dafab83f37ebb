"""The sender against a real mail server: what is sent, what is recorded, and what a takeover does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy.local.ports import free_port
from deploy.local.smtp_sink_process import SmtpSink
from services.notifier.domain.notification import Template
from services.notifier.settings import DEVELOPMENT_SECRET
from shared.errors import DeadLetterLimit
from shared.events import topics
from shared.events.ids import complaint_id, query_code
from shared.events.notifications import (
    NotificationAttempted,
    NotificationDeferred,
    NotificationFailed,
    NotificationRequested,
    NotificationSent,
)
from shared.streaming.broker import FoundTopic
from shared.streaming.records import ProducerRecord
from tests.support.sender_bench import DEAD_LETTERS, SenderBench, kinds, sender_settings
from tests.unit.notifier.letters import a_request


@pytest.fixture
def bench(smtp_sink: SmtpSink) -> Iterator[SenderBench]:
    bench = SenderBench(sender_settings(smtp_sink.port))
    yield bench
    bench.stop()


@pytest.fixture
def request_to(unique_name: Callable[[str], str]) -> Callable[..., NotificationRequested]:
    """Makes requests with ids of their own and an address in which ``who`` is found."""
    salt = unique_name("run")

    def make(who: str = "reader", number: int = 0, **request: Any) -> NotificationRequested:
        email = request.pop("email", f"{who}-{number}@example.com")
        complaint = request.pop("complaint_id", complaint_id("web", f"{salt}-{who}-{number}"))
        return a_request(email=email, complaint_id=complaint, number=number, **request)

    return make


def mails_of(sink: SmtpSink, request: NotificationRequested) -> list[dict[str, Any]]:
    """What the sink took of ``request``, by Message-ID."""
    wanted = f"<{request.notification_id}@notifier.example.com>"
    return [mail for mail in sink.accepted() if mail["message_id"] == wanted]


def outcome(model: type, request: NotificationRequested, **fields: Any) -> Any:
    """What an earlier owner wrote about ``request``."""
    return model(
        notification_id=request.notification_id,
        complaint_id=request.complaint_id,
        cycle=1,
        template=request.template,
        audience=request.audience,
        medium="email",
        happened_at=datetime.now(UTC),
        **fields,
    )


def outcome_is_marked(bench: SenderBench, request: NotificationRequested) -> bool:
    """Whether ``request`` is said to have been sent twice, perhaps."""
    return any(isinstance(event, NotificationSent) and event.possible_repeat for event in bench.outcomes(request))


def test_a_request_becomes_a_mail_and_its_history_is_written(
    bench: SenderBench, smtp_sink: SmtpSink, request_to: Callable[..., NotificationRequested]
) -> None:
    request = request_to()
    bench.request(request)
    bench.start()
    bench.wait_until_settled([request])
    attempted, sent = bench.outcomes(request)
    assert isinstance(attempted, NotificationAttempted)
    assert isinstance(sent, NotificationSent)
    assert (sent.attempt, sent.possible_repeat) == (1, False)
    (mail,) = mails_of(smtp_sink, request)
    assert mail["rcpt_tos"] == ["reader-0@example.com"]
    assert mail["mail_from"] == "noreply@example.com"
    assert mail["headers"]["Auto-Submitted"] == "auto-generated"
    assert query_code(DEVELOPMENT_SECRET.encode(), request.complaint_id) in mail["text"]
    bench.wait_for(lambda: bench.committed() == 1, "the commit")


def test_the_query_code_is_on_no_topic(bench: SenderBench, request_to: Callable[..., NotificationRequested]) -> None:
    request = request_to()
    bench.request(request)
    bench.start()
    bench.wait_until_settled([request])
    code = query_code(DEVELOPMENT_SECRET.encode(), request.complaint_id).encode()
    for topic in (topics.NOTIFICATION_REQUESTS, topics.NOTIFICATION_EVENTS):
        assert not any(code in (record.value or b"") for record in bench.broker.records(topic))


def test_the_trace_of_the_request_goes_on(bench: SenderBench, request_to: Callable[..., NotificationRequested]) -> None:
    bench.request(request := request_to())
    bench.start()
    bench.wait_until_settled([request])
    traces = [dict(record.headers)["traceparent"] for record in bench.broker.records(topics.NOTIFICATION_EVENTS)]
    assert set(traces) == {b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}


def test_greylisting_is_waited_out_and_is_no_repeat(
    bench: SenderBench, smtp_sink: SmtpSink, request_to: Callable[..., NotificationRequested]
) -> None:
    smtp_sink.misbehave({"recipient": "greylisted", "action": "450", "times": 2})
    bench.request(request := request_to("greylisted"))
    bench.start()
    bench.wait_until_settled([request])
    events = bench.outcomes(request)
    assert kinds(events) == ["attempted", "deferred", "attempted", "deferred", "attempted", "sent"]
    assert isinstance(deferred := events[1], NotificationDeferred)
    assert (deferred.reason, deferred.possibly_delivered) == ("smtp_450", False)
    assert isinstance(sent := events[-1], NotificationSent)
    assert (sent.attempt, sent.possible_repeat) == (3, False)
    assert len(mails_of(smtp_sink, request)) == 1


def test_a_relay_that_shuts_down_mid_conversation_is_tried_again(
    bench: SenderBench, smtp_sink: SmtpSink, request_to: Callable[..., NotificationRequested]
) -> None:
    smtp_sink.misbehave({"recipient": "shutdown", "action": "421", "times": 1})
    bench.request(request := request_to("shutdown"))
    bench.start()
    bench.wait_until_settled([request])
    assert kinds(bench.outcomes(request)) == ["attempted", "deferred", "attempted", "sent"]
    assert len(mails_of(smtp_sink, request)) == 1


def test_an_address_that_does_not_exist_fails_at_once(
    bench: SenderBench, smtp_sink: SmtpSink, request_to: Callable[..., NotificationRequested]
) -> None:
    smtp_sink.misbehave({"recipient": "nobody", "action": "550"})
    bench.request(request := request_to("nobody"))
    bench.start()
    bench.wait_until_settled([request])
    failed = bench.outcomes(request)[-1]
    assert isinstance(failed, NotificationFailed)
    assert (failed.attempt, failed.reason) == (1, "smtp_550")
    assert mails_of(smtp_sink, request) == []
    bench.wait_for(lambda: bench.committed() == 1, "the commit")


def test_a_mailbox_that_never_opens_fails_when_the_schedule_is_used_up(
    bench: SenderBench, smtp_sink: SmtpSink, request_to: Callable[..., NotificationRequested]
) -> None:
    smtp_sink.misbehave({"recipient": "closed", "action": "450"})
    bench.request(request := request_to("closed"))
    bench.start()
    bench.wait_until_settled([request])
    failed = bench.outcomes(request)[-1]
    assert isinstance(failed, NotificationFailed)
    assert (failed.attempt, failed.reason) == (3, "retries_exhausted")


def test_a_connection_lost_after_the_message_gives_a_repeat_that_is_flagged(
    bench: SenderBench, smtp_sink: SmtpSink, request_to: Callable[..., NotificationRequested]
) -> None:
    smtp_sink.misbehave({"recipient": "dropped", "action": "drop-after-data", "times": 1})
    bench.request(request := request_to("dropped"))
    bench.start()
    bench.wait_until_settled([request])
    events = bench.outcomes(request)
    assert kinds(events) == ["attempted", "deferred", "attempted", "sent"]
    assert isinstance(deferred := events[1], NotificationDeferred)
    assert (deferred.reason, deferred.possibly_delivered) == ("no_reply", True)
    assert isinstance(sent := events[-1], NotificationSent)
    assert sent.possible_repeat
    first, second = mails_of(smtp_sink, request)
    assert first["message_id"] == second["message_id"]
    assert first["text"] == second["text"]


def test_a_message_that_never_gets_a_reply_ends_as_outcome_unknown(
    bench: SenderBench, smtp_sink: SmtpSink, request_to: Callable[..., NotificationRequested]
) -> None:
    smtp_sink.misbehave({"recipient": "dropped", "action": "drop-after-data"})
    bench.request(request := request_to("dropped"))
    bench.start()
    bench.wait_until_settled([request])
    assert isinstance(failed := bench.outcomes(request)[-1], NotificationFailed)
    assert failed.reason == "outcome_unknown"


@pytest.mark.parametrize(
    "email",
    [
        "li@example.com\r\nBcc: injected@example.com",
        "li@example.com>\r\nRCPT TO:<injected@example.com",
        "li@example.com, injected@example.com",
        "Li <injected@example.com>",
    ],
)
def test_an_address_with_more_in_it_is_never_used(
    bench: SenderBench, smtp_sink: SmtpSink, request_to: Callable[..., NotificationRequested], email: str
) -> None:
    bench.request(request := request_to(email=email))
    bench.start()
    bench.wait_until_settled([request])
    (failed,) = bench.outcomes(request)
    assert isinstance(failed, NotificationFailed)
    assert failed.reason == "bad_address"
    assert not any("injected" in address for mail in smtp_sink.accepted() for address in mail["rcpt_tos"])


def test_a_ticket_number_that_would_break_the_subject_is_not_sent(
    bench: SenderBench, smtp_sink: SmtpSink, request_to: Callable[..., NotificationRequested]
) -> None:
    request = request_to().model_copy(update={"ticket_number": "1\r\nBcc: injected@example.com"})
    bench.request(request)
    bench.start()
    bench.wait_until_settled([request])
    assert isinstance(failed := bench.outcomes(request)[-1], NotificationFailed)
    assert failed.reason == "bad_field"


def test_a_name_cannot_carry_text_into_the_mail(
    bench: SenderBench, smtp_sink: SmtpSink, request_to: Callable[..., NotificationRequested]
) -> None:
    request = request_to(name="Li\r\nBcc: injected@example.com\r\n\r\nCome to http://spam.example.com")
    bench.request(request)
    bench.start()
    bench.wait_until_settled([request])
    (mail,) = mails_of(smtp_sink, request)
    assert mail["rcpt_tos"] == ["reader-0@example.com"]
    assert "spam" not in mail["text"]
    assert mail["text"].startswith("尊敬的客户")


def test_an_attempt_without_an_end_is_made_again_and_flagged(
    bench: SenderBench, smtp_sink: SmtpSink, request_to: Callable[..., NotificationRequested]
) -> None:
    request = request_to()
    bench.request(request)
    bench.write(outcome(NotificationAttempted, request, attempt=1))
    bench.start()
    bench.wait_until_settled([request])
    *_, attempted, sent = bench.outcomes(request)
    assert isinstance(attempted, NotificationAttempted)
    assert isinstance(sent, NotificationSent)
    assert (attempted.attempt, sent.attempt, sent.possible_repeat) == (2, 2, True)
    assert len(mails_of(smtp_sink, request)) == 1


@pytest.mark.parametrize(
    ("model", "fields"),
    [(NotificationSent, {"attempt": 1}), (NotificationFailed, {"attempt": 1, "reason": "smtp_550"})],
)
def test_what_is_settled_but_not_committed_is_not_done_again(
    bench: SenderBench,
    smtp_sink: SmtpSink,
    request_to: Callable[..., NotificationRequested],
    model: type,
    fields: dict[str, Any],
) -> None:
    settled, other = request_to(number=1), request_to(number=2)
    bench.request(settled, other)
    bench.write(outcome(NotificationAttempted, settled, attempt=1))
    bench.write(outcome(model, settled, **fields))
    bench.start()
    bench.wait_until_settled([other])
    bench.wait_for(lambda: bench.committed() == 2, "the commit")
    assert mails_of(smtp_sink, settled) == []
    assert len(bench.outcomes(settled)) == 2


@pytest.mark.parametrize("is_late", [True, False], ids=["the first said so late", "the second had not read it"])
def test_a_repeat_nobody_lived_to_tell_of_is_told_by_the_next_owner(
    bench: SenderBench, smtp_sink: SmtpSink, request_to: Callable[..., NotificationRequested], is_late: bool
) -> None:
    """Two owners handed it over; the first said so, the second died before it could."""
    request = request_to()
    bench.request(request)
    bench.write(outcome(NotificationAttempted, request, attempt=1), 1)
    second, end = outcome(NotificationAttempted, request, attempt=2), outcome(NotificationSent, request, attempt=1)
    if is_late:
        bench.write(second, 2)
        bench.write(end)
    else:
        bench.write(end)
        bench.write(second, 2)
    bench.start()
    bench.wait_for(lambda: bench.committed() == 1, "the commit")
    *_, last = bench.outcomes(request)
    assert isinstance(last, NotificationSent)
    assert (last.attempt, last.possible_repeat) == (2, True)
    assert mails_of(smtp_sink, request) == []


def test_a_takeover_keeps_to_the_time_of_the_next_attempt_and_counts_on(
    bench: SenderBench, smtp_sink: SmtpSink, request_to: Callable[..., NotificationRequested]
) -> None:
    request, later = request_to(number=1), request_to(number=2)
    bench.request(request, later)
    now = datetime.now(UTC)
    bench.write(outcome(NotificationAttempted, request, attempt=1))
    bench.write(outcome(NotificationDeferred, request, attempt=1, reason="smtp_450", retry_at=now))
    in_an_hour = now + timedelta(hours=1)
    bench.write(outcome(NotificationAttempted, later, attempt=1))
    bench.write(outcome(NotificationDeferred, later, attempt=1, reason="smtp_450", retry_at=in_an_hour))
    bench.start()
    bench.wait_until_settled([request])
    assert isinstance(sent := bench.outcomes(request)[-1], NotificationSent)
    assert (sent.attempt, sent.possible_repeat) == (2, False)
    assert kinds(bench.outcomes(later)) == ["attempted", "deferred"]
    bench.stop()
    assert bench.committed() < 2


def test_messages_of_one_complaint_arrive_in_order(
    bench: SenderBench, smtp_sink: SmtpSink, request_to: Callable[..., NotificationRequested]
) -> None:
    smtp_sink.misbehave({"recipient": "ordered", "action": "450", "times": 1})
    complaint = request_to("ordered").complaint_id
    order = [Template.ACKNOWLEDGEMENT, Template.RESULT, Template.REOPENED]
    requests = [
        request_to("ordered", number, template=template, complaint_id=complaint, email="ordered@example.com")
        for number, template in enumerate(order)
    ]
    bench.request(*requests)
    bench.start()
    bench.wait_until_settled(requests)
    ids = [f"<{request.notification_id}@notifier.example.com>" for request in requests]
    assert [mail["message_id"] for mail in smtp_sink.accepted() if mail["message_id"] in ids] == ids


def test_while_the_relay_is_away_nothing_is_attempted_and_reading_stops_at_the_limit(
    tmp_path: Any, request_to: Callable[..., NotificationRequested]
) -> None:
    port = free_port()
    bench = SenderBench(sender_settings(port, max_pending=20))
    requests = [request_to(number=number) for number in range(100)]
    bench.request(*requests)
    bench.start()
    try:
        ownership = bench.sender._ownership
        bench.wait_for(lambda: ownership.pending >= 20, "the limit")
        assert ownership.pending <= 21  # 1: what may be read while everything pauses
        assert bench.all_outcomes() == []
        assert bench.sender.problem() == "the mail relay cannot be reached"
        with SmtpSink(tmp_path, port=port) as sink:
            bench.wait_until_settled(requests)
            assert len({mail["message_id"] for mail in sink.accepted()}) == len(sink.accepted()) == 100
        assert {kind for request in requests for kind in kinds(bench.outcomes(request))} == {"attempted", "sent"}
        bench.wait_for(lambda: bench.committed() == 100, "the commit")
    finally:
        bench.stop()


def test_what_cannot_be_read_becomes_a_dead_letter_and_the_next_is_sent(
    bench: SenderBench, request_to: Callable[..., NotificationRequested]
) -> None:
    producer = bench.broker.producer()
    producer.send(ProducerRecord(topics.NOTIFICATION_REQUESTS, b"k", b"not JSON", [("h", b"1")], 0), lambda _: None)
    bench.request(request := request_to())
    bench.start()
    bench.wait_until_settled([request])
    bench.wait_for(lambda: bench.committed() == 2, "the commit")
    (letter,) = bench.broker.records(DEAD_LETTERS)
    assert letter.value == b"not JSON"
    assert dict(letter.headers)["dlq_reason"] == b"missing_header"


def test_a_topic_full_of_what_cannot_be_read_stops_the_sender_and_nothing_is_passed_over(bench: SenderBench) -> None:
    bench.start()
    for count in (37, 133):  # so that the limit is met in the midst of what one poll brings
        _write_rubbish(bench, count)
        bench.wait_for(lambda: bench.runner.failure or len(bench.broker.records(DEAD_LETTERS)) == 37, "the rubbish")
    bench.wait_for(lambda: bench.runner.failure is not None, "the sender to stop")
    with pytest.raises(DeadLetterLimit):
        bench.stop()
    put_aside = {int(dict(letter.headers)["dlq_offset"] or b"") for letter in bench.broker.records(DEAD_LETTERS)}
    assert set(range(bench.committed())) <= put_aside
    assert bench.committed() < 170


def _write_rubbish(bench: SenderBench, count: int) -> None:
    """All of it becomes visible at once."""
    with bench.broker.changed:
        for _ in range(count):
            rubbish = ProducerRecord(topics.NOTIFICATION_REQUESTS, b"k", b"?", [], 0)
            bench.broker.producer().send(rubbish, lambda _: None)


def test_an_outcome_that_cannot_be_written_is_written_when_the_broker_is_back(
    bench: SenderBench, smtp_sink: SmtpSink, request_to: Callable[..., NotificationRequested]
) -> None:
    smtp_sink.misbehave({"recipient": "slow", "action": "slow", "seconds": 0.3})
    bench.request(request := request_to("slow"))
    bench.start()
    bench.wait_for(lambda: mails_of(smtp_sink, request), "the mail")
    bench.broker.available = False
    bench.wait_for(lambda: bench.sender._desk.writer._unwritten.qsize() == 1, "an outcome that was refused")
    bench.broker.available = True
    bench.wait_until_settled([request])
    assert kinds(bench.outcomes(request)) == ["attempted", "sent"]
    assert len(mails_of(smtp_sink, request)) == 1


def test_a_broker_that_is_away_at_the_start_is_waited_for(
    bench: SenderBench, request_to: Callable[..., NotificationRequested], monkeypatch: pytest.MonkeyPatch
) -> None:
    settled, request = request_to(number=1), request_to(number=2)
    bench.request(settled, request)
    bench.write(outcome(NotificationSent, settled, attempt=1))
    asked: list[object] = []
    cluster_id = bench.broker.cluster_id

    def note_and_ask() -> str:
        asked.append(None)
        return cluster_id()

    monkeypatch.setattr(bench.broker, "cluster_id", note_and_ask)
    bench.broker.available = False
    bench.start()
    bench.wait_for(lambda: len(asked) > 1, "it to ask twice")
    bench.broker.available = True
    bench.wait_until_settled([request])
    assert kinds(bench.outcomes(settled)) == ["sent"]


def test_a_broker_that_goes_away_during_the_takeover_is_waited_for(
    bench: SenderBench, request_to: Callable[..., NotificationRequested], monkeypatch: pytest.MonkeyPatch
) -> None:
    settled, request = request_to(number=1), request_to(number=2)
    bench.request(settled, request)
    bench.write(outcome(NotificationSent, settled, attempt=1))
    describe = bench.broker.describe

    def describe_and_go(topics: Sequence[str]) -> dict[str, FoundTopic]:
        found = describe(topics)
        bench.broker.available = False
        return found

    monkeypatch.setattr(bench.broker, "describe", describe_and_go)
    bench.start()
    sender = bench.sender
    bench.wait_for(lambda: sender._assigned, "an assignment")
    monkeypatch.undo()
    bench.broker.available = True
    bench.wait_until_settled([request])
    assert kinds(bench.outcomes(settled)) == ["sent"]


def test_a_second_sender_shares_the_work_and_nothing_is_sent_twice(
    bench: SenderBench, smtp_sink: SmtpSink, request_to: Callable[..., NotificationRequested]
) -> None:
    requests = [request_to(number=number) for number in range(80)]
    bench.request(*requests[:40])
    bench.start("a")
    bench.wait_for(lambda: len(bench.all_outcomes()) > 10, "some progress")
    bench.start("b")
    bench.request(*requests[40:])
    bench.wait_until_settled(requests)
    bench.wait_for(lambda: bench.committed() == 80, "the commit")
    assert {len(sender._ownership.partitions) for sender in bench.senders} == {1}
    for request in requests:
        assert len(mails_of(smtp_sink, request)) == 1 or outcome_is_marked(bench, request)


def test_a_sender_too_many_is_ready_and_one_that_waits_for_the_broker_is_not(bench: SenderBench) -> None:
    """Two partitions for three: a rolling deploy waits for the spare to be ready before it ends another."""
    bench.broker.available = False
    bench.start("a")
    assert bench.sender.problem() in ("no partitions assigned yet", "the sender's partitions are not taken over yet")
    bench.broker.available = True
    bench.start("b")
    bench.start("c")

    def owned() -> list[int]:
        return sorted(len(sender._ownership.partitions) for sender in bench.senders)

    bench.wait_for(lambda: owned() == [0, 1, 1], "each to have heard of the others")
    bench.wait_for(lambda: all(sender.is_ready for sender in bench.senders), "all three to be ready")


def test_senders_that_stop_in_order_lose_nothing_and_repeat_nothing(
    bench: SenderBench, smtp_sink: SmtpSink, request_to: Callable[..., NotificationRequested]
) -> None:
    requests = [request_to(number=number) for number in range(120)]
    for part in range(4):
        bench.request(*requests[part * 30 : part * 30 + 30])
        bench.start()
        bench.wait_for(lambda: len(bench.all_outcomes()) > 40 * part, "some progress")  # noqa: B023
        bench.stop()
    bench.start()
    bench.wait_until_settled(requests)
    bench.wait_for(lambda: bench.committed() == 120, "the commit")
    for request in requests:
        assert kinds(bench.outcomes(request)) == ["attempted", "sent"]
        assert len(mails_of(smtp_sink, request)) == 1
