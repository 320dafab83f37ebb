"""What a lane does next: in order within a conversation, without waiting for other conversations."""

from __future__ import annotations

import threading
from datetime import timedelta

from services.notifier.domain.notification import Template
from services.notifier.domain.progress import Progress
from services.notifier.sending.bookmarks import Bookmarks
from services.notifier.sending.delivery import Delivery, OwnedPartition
from services.notifier.sending.schedule import LaneSchedule
from shared.clock import ManualClock
from shared.streaming.records import TopicPartition
from tests.unit.notifier.cases import NOON
from tests.unit.notifier.letters import a_request

IN_A_MINUTE = Progress(1, False, NOON + timedelta(minutes=1))


def a_partition(number: int = 0) -> OwnedPartition:
    return OwnedPartition(TopicPartition("requests", number), Bookmarks(0, 0, 0), {})


def a_delivery(complaint: str, template: Template = Template.RESULT, origin: OwnedPartition | None = None) -> Delivery:
    return Delivery(a_request(template, complaint_id=complaint), origin or a_partition(), 0, None)


def test_one_complaints_messages_go_in_order_however_long_the_first_takes() -> None:
    clock = ManualClock(NOON)
    schedule = LaneSchedule(clock)
    first, second, other = a_delivery("a"), a_delivery("a"), a_delivery("b")
    for delivery in (first, second, other):
        schedule.add(delivery)
    assert schedule.take() is first
    schedule.put_back(first, IN_A_MINUTE)
    assert schedule.take() is other
    schedule.settle(other)
    assert schedule.take() is None
    clock.set(NOON + timedelta(minutes=1))
    assert schedule.take() is first
    schedule.settle(first)
    assert schedule.take() is second


def test_a_department_does_not_wait_for_a_complainants_mailbox() -> None:
    schedule = LaneSchedule(ManualClock(NOON))
    result, notice = a_delivery("a"), a_delivery("a", Template.BREACH_NOTICE)
    schedule.add(result)
    schedule.add(notice)
    taken = schedule.take()
    assert taken is result
    schedule.put_back(result, IN_A_MINUTE)
    assert schedule.take() is notice


def test_what_is_due_later_is_not_due_now() -> None:
    clock = ManualClock(NOON)
    schedule = LaneSchedule(clock)
    delivery = a_delivery("a")
    delivery.progress = IN_A_MINUTE
    schedule.add(delivery)
    assert not schedule.wait_for_due(0.0)
    clock.set(NOON + timedelta(minutes=1))
    assert schedule.wait_for_due(0.0)


def test_lost_partitions_are_forgotten_whatever_their_deliveries_wait_for() -> None:
    clock = ManualClock(NOON)
    schedule = LaneSchedule(clock)
    lost, kept = a_partition(0), a_partition(1)
    retried = a_delivery("a", origin=lost)
    for delivery in (retried, a_delivery("a", origin=lost), a_delivery("b", origin=lost)):
        schedule.add(delivery)
    survivor = a_delivery("c", origin=kept)
    schedule.add(survivor)
    assert schedule.take() is retried
    schedule.put_back(retried, IN_A_MINUTE)
    schedule.drop([lost], 0.0)
    clock.set(NOON + timedelta(hours=1))
    assert schedule.take() is survivor
    schedule.settle(survivor)
    assert schedule.take() is None


def test_dropping_waits_for_what_is_in_hand_but_not_for_ever() -> None:
    schedule = LaneSchedule(ManualClock(NOON))
    lost = a_partition()
    delivery = a_delivery("a", origin=lost)
    schedule.add(delivery)
    assert schedule.take() is delivery
    schedule.drop([lost], 0.05)
    helper = threading.Timer(0.05, schedule.settle, [delivery])
    helper.start()
    schedule.drop([lost], 30.0)
    helper.join()
    assert schedule.take() is None


def test_a_delivery_that_comes_back_after_it_was_dropped_is_not_done_again() -> None:
    schedule = LaneSchedule(ManualClock(NOON))
    lost = a_partition()
    old = a_delivery("a", origin=lost)
    schedule.add(old)
    assert schedule.take() is old
    schedule.drop([lost], 0.0)
    new = a_delivery("a", origin=a_partition())
    schedule.add(new)
    schedule.put_back(old, Progress(1, True))
    assert schedule.take() is new
    schedule.settle(new)
    assert schedule.take() is None
