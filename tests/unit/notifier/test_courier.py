"""One attempt, step by step: nothing is handed over before the attempt is durable, or without owning the partition."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from services.notifier.domain.notification import Template
from services.notifier.domain.progress import NOTHING_YET, Progress
from services.notifier.domain.retry import Handover, HandoverResult
from services.notifier.media.mail.medium import MailMedium
from services.notifier.media.mail.message import MessageBuilder, SenderIdentity
from services.notifier.sending.bookmarks import Bookmarks
from services.notifier.sending.courier import Courier
from services.notifier.sending.delivery import Delivery, OwnedPartition
from services.notifier.sending.desk import Desk
from services.notifier.sending.durable_writer import DurableWriter, Stopping
from services.notifier.sending.lease import Lease
from services.notifier.sending.schedule import LaneSchedule
from shared.clock import ManualClock
from shared.errors import BrokerUnavailable, FatalError
from shared.events.notifications import NotificationRequested
from shared.events.registry import decode
from shared.streaming.records import ProducerRecord, TopicPartition
from tests.unit.notifier.cases import NOON
from tests.unit.notifier.letters import a_request, a_writer


class Journal:
    """A relay and a producer that write what happens, in order, into one list."""

    def __init__(self) -> None:
        self.entries: list[str] = []
        self.ends = [Handover(HandoverResult.ACCEPTED, "smtp_250")]
        self.refusals = 0
        self.on_refusal: Callable[[], None] = lambda: None

    # -- the relay -----------------------------------------------------------------------------------------------

    def connect(self) -> None:
        self.entries.append("connect")

    def hand_over(self, recipient: str, message: bytes) -> Handover:
        self.entries.append("hand over")
        return self.ends.pop(0)

    def close_if_idle(self) -> None:
        pass

    # -- the producer --------------------------------------------------------------------------------------------

    def watch_majority(self, notice: Callable[[bool], None]) -> None:
        pass

    def watch_failure(self, notice: Callable[[FatalError], None]) -> None:
        """It never fails for good."""

    def send(self, record: ProducerRecord, on_delivery: Callable[[Exception | None], None]) -> None:
        if self.refusals:
            self.refusals -= 1
            self.on_refusal()
            on_delivery(BrokerUnavailable("away"))
            return
        self.entries.append(decode(record.headers, record.value)[1].event_type.split(".")[1])
        on_delivery(None)

    def flush(self, timeout_seconds: float) -> int:
        return 0

    def close(self) -> None:
        pass


class Lane:
    """A courier with everything around it."""

    def __init__(self) -> None:
        self.journal = Journal()
        self.now = 0.0
        self.admitting = True
        self.asked: list[tuple[str, str]] = []
        self.stopping = threading.Event()
        self.clock = ManualClock(NOON)
        lease = Lease(10.0, lambda: self.now)
        self.desk = Desk(self.clock, DurableWriter(self.journal, self.stopping), lease, self.stopping)
        self.schedule = LaneSchedule(self.clock)
        messages = MessageBuilder(SenderIdentity("a@example.com", "A", "a@example.com", "example.com"))
        medium = MailMedium(a_writer(), messages, self.journal)
        retry_after = (timedelta(seconds=5), timedelta(minutes=1))
        self.courier = Courier(medium, self.schedule, self.desk, retry_after, self._admits)

    def _admits(self, address: str, notification_id: str, _now: object) -> bool:
        self.asked.append((address, notification_id))
        return self.admitting

    def give(self, request: NotificationRequested) -> None:
        """One attempt at ``request``."""
        self.courier.deliver(self.a_delivery(request=request))

    def a_delivery(self, progress: Progress = NOTHING_YET, request: NotificationRequested | None = None) -> Delivery:
        origin = OwnedPartition(TopicPartition("requests", 0), Bookmarks(0, 0, 0), {})
        delivery = Delivery(request or a_request(), origin, 7, None, progress)
        self.schedule.add(delivery)
        taken = self.schedule.take()
        assert taken is delivery
        return delivery


@pytest.fixture
def lane() -> Lane:
    return Lane()


def test_the_attempt_is_written_before_the_message_is_handed_over(lane: Lane) -> None:
    delivery = lane.a_delivery()
    lane.courier.deliver(delivery)
    assert lane.journal.entries == ["attempted", "hand over", "sent"]
    assert lane.desk.finished.get_nowait() == (delivery.origin, 7)


def test_nothing_is_handed_over_while_the_attempt_cannot_be_written(lane: Lane) -> None:
    lane.journal.refusals = 1
    lane.journal.on_refusal = lambda: lane.journal.entries.append("refused")
    lane.courier.deliver(lane.a_delivery())
    assert lane.journal.entries == ["refused", "attempted", "hand over", "sent"]


def test_a_process_that_ends_before_the_attempt_is_written_hands_nothing_over(lane: Lane) -> None:
    lane.journal.refusals = 1
    lane.journal.on_refusal = lane.stopping.set
    with pytest.raises(Stopping):
        lane.courier.deliver(lane.a_delivery())
    assert lane.journal.entries == []
    assert lane.desk.finished.empty()


def test_an_offset_is_not_done_before_its_outcome_is_durable(lane: Lane) -> None:
    delivery = lane.a_delivery()
    lane.journal.ends = [Handover(HandoverResult.REFUSED, "smtp_550")]
    send = lane.journal.send

    def refuse_outcomes(record: ProducerRecord, on_delivery: Callable[[Exception | None], None]) -> None:
        lane.journal.refusals = int(dict(record.headers)["ce_type"] == b"notification.failed.v1")
        send(record, on_delivery)

    lane.journal.send = refuse_outcomes  # type: ignore[method-assign]
    lane.courier.deliver(delivery)
    assert lane.desk.finished.empty()
    lane.journal.send = send  # type: ignore[method-assign]
    assert lane.desk.writer.resend() == 1
    assert lane.desk.finished.get_nowait() == (delivery.origin, 7)


def test_after_a_silence_nothing_is_handed_over_and_the_message_waits(lane: Lane) -> None:
    delivery = lane.a_delivery()
    lane.now = 5.1  # half of the session is over
    lane.courier.deliver(delivery)
    assert lane.journal.entries == ["attempted"]
    lane.desk.lease.renew()
    again = lane.schedule.take()
    assert again is delivery
    lane.courier.deliver(again)
    assert lane.journal.entries == ["attempted", "attempted", "hand over", "sent"]


def test_what_was_given_up_meanwhile_is_not_handed_over(lane: Lane) -> None:
    delivery = lane.a_delivery()
    lane.schedule.drop([delivery.origin], 0.0)
    delivery.origin.is_owned = False
    lane.courier.deliver(delivery)
    assert lane.journal.entries == ["attempted"]
    assert lane.schedule.take() is None


def test_a_deferred_message_comes_back_when_it_is_due_with_its_attempts_counted(lane: Lane) -> None:
    lane.journal.ends = [Handover(HandoverResult.UNKNOWN, "no_reply"), Handover(HandoverResult.ACCEPTED, "smtp_250")]
    lane.courier.deliver(lane.a_delivery())
    assert lane.journal.entries == ["attempted", "hand over", "deferred"]
    assert lane.schedule.take() is None
    lane.clock.set(NOON + timedelta(seconds=5))
    again = lane.schedule.take()
    assert again is not None
    assert again.progress == Progress(1, True, NOON + timedelta(seconds=5))
    lane.courier.deliver(again)
    assert lane.journal.entries[-1] == "sent"


def test_a_letter_beyond_the_limit_of_its_address_is_withheld_with_an_outcome(lane: Lane) -> None:
    lane.admitting = False
    delivery = lane.a_delivery()
    lane.courier.deliver(delivery)
    assert lane.journal.entries == ["skipped"]
    assert lane.desk.finished.get_nowait() == (delivery.origin, 7)
    assert lane.schedule.take() is None


@pytest.mark.parametrize("template", [t for t in Template if t not in (Template.ACKNOWLEDGEMENT, Template.REOPENED)])
def test_answers_to_what_happened_are_never_withheld(lane: Lane, template: Template) -> None:
    lane.admitting = False
    lane.courier.deliver(lane.a_delivery(request=a_request(template)))
    assert lane.journal.entries == ["attempted", "hand over", "sent"]
    assert lane.asked == []


def test_a_letter_that_was_attempted_is_not_asked_about_again(lane: Lane) -> None:
    lane.admitting = False
    lane.courier.deliver(lane.a_delivery(Progress(1, True)))
    assert lane.journal.entries == ["attempted", "hand over", "sent"]


def test_what_cannot_be_addressed_never_reaches_the_relay(lane: Lane) -> None:
    delivery = lane.a_delivery()
    person = delivery.request.complainant
    assert person is not None
    bad = person.model_copy(update={"email": "a@example.com\r\nBcc: b@example.com"})
    delivery.request = delivery.request.model_copy(update={"complainant": bad})
    lane.courier.deliver(delivery)
    assert lane.journal.entries == ["failed"]
