"""What is missing may still come; then it is a hole; re-injection is asked for, and some day the hole is closed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.auditor.domain.ledger import hourly
from services.auditor.domain.watch import WatchPolicy
from services.auditor.processor import REINJECTED_BY
from shared.events import notifications, topics
from shared.events.audit import HoleClosed, HoleKind, ReinjectionRequested
from tests.unit.auditor.journey import COMPLAINT_ID, NOW, Audit, Written, example, journey, submission

COPY = (REINJECTED_BY, b"auditor")
AFTER_THE_RECEIPT = journey()[1:]


def test_a_submission_without_trace_is_a_hole_after_the_set_time_and_not_before() -> None:
    audit = Audit().see([submission()]).wait(minutes=4, seconds=59)
    assert audit.found == []
    assert audit.wait(seconds=1).found == ["unaccounted"]


def test_a_hole_is_announced_once_and_closed_when_it_fills() -> None:
    audit = Audit().see([submission()]).wait(hours=10).see(AFTER_THE_RECEIPT).wait(hours=10)
    assert audit.found == ["unaccounted"]
    (closed,) = audit.said(HoleClosed)
    assert (closed.kind, closed.opened_at, closed.closed_at) == ("unaccounted", NOW, NOW + timedelta(hours=10))
    assert audit.row is not None
    assert audit.row.holes == {}


def test_reinjection_names_every_place_and_is_asked_for_again_ever_less_often() -> None:
    audit = Audit().see([submission(), submission()]).wait(hours=2)
    requests = audit.said(ReinjectionRequested)
    assert [(origin.partition, origin.offset) for origin in requests[0].origins] == [(3, 101), (3, 102)]
    assert [(request.requested_at - NOW) / timedelta(minutes=1) for request in requests] == [5, 15, 35, 75]
    assert [request.attempt for request in requests] == [1, 2, 3, 4]


def test_a_lost_submission_that_was_put_back_balances() -> None:
    audit = Audit().see([submission()]).wait(minutes=5).see([submission(COPY), *AFTER_THE_RECEIPT]).wait(hours=2)
    assert audit.holes == set()
    assert audit.row is not None
    assert (audit.row.received, audit.row.reinjected, audit.row.registered) == (1, 1, 1)


def test_a_late_submission_that_was_put_back_balances_too() -> None:
    """Not lost after all: the original is registered, the copy dropped as a duplicate."""
    written = [submission(COPY) if index == 1 else each for index, each in enumerate(journey(duplicates=1))]
    assert Audit().see(written).wait(hours=2).holes == set()


def test_no_more_copies_than_allowed_are_asked_for() -> None:
    audit = Audit().see([submission()]).wait(minutes=5).see([submission(COPY)] * WatchPolicy().max_reinjections)
    asked = len(audit.said(ReinjectionRequested))
    assert len(audit.wait(hours=20).said(ReinjectionRequested)) == asked
    assert audit.holes == {HoleKind.UNACCOUNTED}


def test_switched_off_it_only_reports() -> None:
    audit = Audit(policy=WatchPolicy(reinject=False)).see([submission()]).wait(hours=2)
    assert (audit.found, audit.said(ReinjectionRequested)) == (["unaccounted"], [])


def test_a_mail_that_is_being_retried_is_no_hole_until_its_next_attempt_is_overdue() -> None:
    retry_at = NOW + timedelta(hours=1)
    deferred = example(notifications.NotificationDeferred, cycle=1, template="result", retry_at=retry_at)
    before = [each for each in journey() if not isinstance(each.event, notifications.NotificationSent)]
    audit = Audit().see([*before, Written(topics.NOTIFICATION_EVENTS, deferred)])
    assert audit.wait(minutes=64).found == []
    assert audit.wait(minutes=2).found == ["unnotified"]


def test_a_complaint_older_than_the_log_is_not_judged() -> None:
    old = [each for each in journey() if each.topic == topics.LIFECYCLE]
    audit = Audit(now=NOW + timedelta(days=40), written_at=NOW).see(old).wait(hours=5)
    assert (audit.row is not None, audit.found) == (True, [])
    assert Audit().see(old).wait(hours=5).found != []


def test_a_complaint_nothing_is_heard_of_is_forgotten() -> None:
    assert Audit().see(journey()).wait(days=89).row is not None
    assert Audit().see(journey()).wait(days=91).row is None


def test_an_open_hole_is_looked_at_within_the_hour_so_that_the_gauge_finds_it() -> None:
    audit = Audit().see([each for each in journey() if each.topic != topics.SLA_EVENTS]).wait(minutes=6)
    for _ in range(5):
        assert audit.row is not None
        assert audit.processor.due_at(audit.row) <= audit.now + timedelta(hours=1)
        audit.wait(minutes=61)


@pytest.mark.parametrize("key", ["", "王小明", "not-an-id", COMPLAINT_ID.upper()])
def test_a_key_that_is_no_complaint_id_is_put_aside(key: str) -> None:
    audit = Audit(key=key).see([submission()])
    assert (audit.row, audit.refused) == (None, "key_mismatch")


def test_the_ledger_has_a_line_per_hour_of_receipt() -> None:
    whole, lost = Audit().see(journey()), Audit().see([submission()]).wait(minutes=5)
    assert whole.row is not None
    assert lost.row is not None
    hour = whole.row.received_at
    assert hour is not None
    later = lost.row.model_copy(update={"received_at": hour + timedelta(hours=3)})
    first, second = hourly([whole.row, later])
    assert (first.is_balanced, first.entries["received"], first.entries["registered"]) == (True, 1, 1)
    assert (second.is_balanced, second.holes[HoleKind.UNACCOUNTED]) == (False, 1)
    assert second.hour - first.hour == timedelta(hours=3)
    assert hourly([whole.row, later], since=hour + timedelta(hours=1)) == [second]
