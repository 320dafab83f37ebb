"""The auditor and the torture harness's checker, who share no code, count the same records the same way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.auditor.domain.ledger import entries_of, holes_of
from shared.events import ids, registry, topics
from shared.events.base import Event
from shared.events.decisions import Resolution
from shared.events.departments import Action, DepartmentUpdate
from shared.events.notifications import NotificationRequested, NotificationSent
from shared.events.received import ComplaintWithdrawn, SurveyAnswered
from shared.streaming.records import ProducerRecord
from tests.component.auditor.test_auditor import DEPARTMENTS, Bench
from tests.torture.check import oracle_ledger
from tests.torture.check.history import History, HistoryBuilder
from tests.torture.check.run_files import Run

ALL_TOPICS = [topic.name for topic in topics.bus_topics(DEPARTMENTS)]


def say(bench: Bench, topic: str, event: Event, complaint_id: str) -> None:
    at = bench.clock.now()
    event_id = ids.event_id(complaint_id, event.event_type, f"{topic}/{event.model_dump_json()}")
    value, headers = registry.encode(
        event, event_id=event_id, source="/t", subject=complaint_id, time=at, traceparent=None
    )
    bench.write(ProducerRecord(topic, complaint_id.encode(), value, headers))


def events(bench: Bench, topic: str) -> Iterator[Event]:
    return (registry.decode(record.headers, record.value)[1] for record in bench.cluster.records(topic))


def resolve(bench: Bench, complaint_id: str) -> None:
    """Every department that has the case does its part."""
    answer = Resolution(status="refunded", cause="seal missing", measures="full refund")
    for department in DEPARTMENTS:
        if (complaint_id, department) in bench.tasks():
            for action in (Action.ACCEPT, Action.CONTACT, Action.RESOLVE):
                update = DepartmentUpdate(
                    complaint_id=complaint_id,
                    action=action,
                    happened_at=bench.clock.now(),
                    resolution=answer if action is Action.RESOLVE else None,
                )
                say(bench, topics.department_updates_topic(department), update, complaint_id)
    bench.run(minutes=1)


def send_letters(bench: Bench, but_to: str) -> None:
    """What the sender would say, of everybody but one."""
    for request in events(bench, topics.NOTIFICATION_REQUESTS):
        if isinstance(request, NotificationRequested) and request.complaint_id != but_to:
            sent = NotificationSent(
                notification_id=request.notification_id,
                complaint_id=request.complaint_id,
                cycle=request.cycle,
                template=request.template,
                audience=request.audience,
                medium=request.medium,
                happened_at=bench.clock.now(),
                attempt=1,
            )
            say(bench, topics.NOTIFICATION_EVENTS, sent, request.complaint_id)


def as_the_checker_reads_it(bench: Bench) -> History:
    builder = HistoryBuilder(History(Run("", (), (), Path(), 1.0, 10.0)))
    for topic in ALL_TOPICS:
        for record in bench.cluster.records(topic):
            place = (record.topic, record.partition, record.offset, record.timestamp_ms)
            builder.add(*place, record.key, record.headers, record.value)
    return builder.finish()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Lost and put back, sent twice, unreadable, reopened, withdrawn, and one nobody told the result."""
    bench = Bench(tmp_path)
    bench.submit(1)
    bench.lose_everything_received_so_far()
    bench.start("router", "sla", "notifier")
    reopened, untold, withdrawn, _ = (bench.submit(number) for number in range(2, 6))
    bench.submit(5)
    bench.submit(6, value=b"{ not JSON")
    bench.run()
    for case in (reopened, untold):
        resolve(bench, case)
    said_at = bench.clock.now()
    answer = SurveyAnswered(complaint_id=reopened, received_at=said_at, cycle=1, solved=False)
    say(bench, topics.RECEIVED, answer, reopened)
    say(bench, topics.RECEIVED, ComplaintWithdrawn(complaint_id=withdrawn, received_at=said_at), withdrawn)
    bench.run()
    send_letters(bench, but_to=untold)
    bench.run()
    bench.run(minutes=20)
    bench.run()
    return bench


def test_of_every_complaint_both_count_the_same_and_miss_the_same(bench: Bench) -> None:
    history = as_the_checker_reads_it(bench)
    accounts = {key: oracle_ledger.account_of(case, history.copies) for key, case in history.cases.items()}
    rows = {row.complaint_id: row for row in bench.rows()}
    assert {key: oracle_ledger.columns_of(account) for key, account in accounts.items()} == {
        key: entries_of(row) for key, row in rows.items()
    }
    assert {key: oracle_ledger.holes_of(account) for key, account in accounts.items()} == {
        key: set(holes_of(row)) for key, row in rows.items()
    }
    totals = bench.ledger()
    assert totals.entries == {
        "received": 7,
        "reinjected": 1,
        "registered": 5,
        "duplicate": 1,
        "refused": 0,
        "dead_lettered": 1,
        "dispatched": 5,
        "decided_tasks": 6,
        "queued_tasks": 6,
        "dispatched_cycles": 6,
        "clocked_cycles": 6,
        "ended": 3,
        "told": 2,
    }
    assert totals.holes == {"unnotified": 1}
