"""Composer and sender wired together, on a broker in memory and a real mail sink."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from deploy.local.polling import wait_until
from deploy.local.ports import free_port
from deploy.local.smtp_sink_process import SmtpSink
from services.notifier.bootstrap import Notifier, build
from services.notifier.domain.notification import Template, notification_id
from shared.clock import SystemClock
from shared.errors import DeadLetterLimit
from shared.events import topics
from shared.events.ids import complaint_id, event_id
from shared.observability import metrics
from shared.settings import HealthSettings
from shared.streaming.memory import MemoryBroker
from shared.streaming.records import ProducerRecord
from tests.support.sender_bench import sender_settings, write_event
from tests.unit.notifier.cases import registered


@pytest.fixture(autouse=True)
def _signal_handlers() -> Iterator[None]:
    """Running a service sets handlers; give the test runner its own back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class Whole:
    """A notifier and its broker; ``run`` runs it here while ``meanwhile`` looks on from another thread."""

    def __init__(self, port: int, state_dir: Path) -> None:
        self.broker = MemoryBroker({topic.name: topic.partitions for topic in topics.bus_topics([])})
        self.health_port = free_port()
        health = HealthSettings(port=self.health_port)
        self.settings = sender_settings(port).model_copy(update={"state_dir": state_dir, "health": health})
        self.notifier: Notifier = build(self.settings, broker=self.broker, clock=SystemClock())

    def run(self, meanwhile: Callable[[], object]) -> int:
        failures: list[BaseException] = []

        def look_on() -> None:
            try:
                meanwhile()
            except BaseException as failure:
                failures.append(failure)
            finally:
                self.notifier.composer.stop()

        onlooker = threading.Thread(target=look_on)
        onlooker.start()
        code = self.notifier.run()
        onlooker.join()
        if failures:
            raise failures[0]
        return code


def test_a_registration_becomes_a_mail_and_one_without_an_address_is_counted(
    smtp_sink: SmtpSink, tmp_path: Path, unique_name: Callable[[str], str]
) -> None:
    whole = Whole(smtp_sink.port, tmp_path)
    skipped = metrics.NOTIFICATIONS_TOTAL.labels("email", "acknowledgement", "skipped")
    before = skipped._value.get()
    told, untold = (complaint_id("web", unique_name("whole")) for _ in range(2))
    for complaint, event in ((told, registered()), (untold, registered(email=None))):
        write_event(
            whole.broker,
            topics.LIFECYCLE,
            event.model_copy(update={"complaint_id": complaint}),
            f"registered-{complaint}",
            complaint,
        )
    cause = event_id(f"registered-{told}", "complaint.registered.v1")
    message_id = f"<{notification_id(cause, Template.ACKNOWLEDGEMENT)}@notifier.example.com>"

    def wait_for_the_mail() -> None:
        wait_until(
            lambda: (
                message_id in [mail["message_id"] for mail in smtp_sink.accepted()]
                and skipped._value.get() == before + 1
            ),
            "the mail and the reason",
            timeout_seconds=20,
        )
        answers = {path: httpx.get(f"http://127.0.0.1:{whole.health_port}{path}") for path in ("/live", "/ready")}
        assert {path: answer.status_code for path, answer in answers.items()} == {"/live": 200, "/ready": 200}

    assert whole.run(wait_for_the_mail) == 0


def test_a_relay_that_is_away_shows_in_readiness_but_not_in_liveness(
    tmp_path: Path, unique_name: Callable[[str], str]
) -> None:
    whole = Whole(free_port(), tmp_path)
    complaint = complaint_id("web", unique_name("whole"))
    event = registered().model_copy(update={"complaint_id": complaint})
    write_event(whole.broker, topics.LIFECYCLE, event, f"registered-{complaint}", complaint)

    def look_at_health() -> None:
        def answer(path: str) -> httpx.Response | None:
            try:
                return httpx.get(f"http://127.0.0.1:{whole.health_port}{path}")
            except httpx.TransportError:
                return None

        def says_why() -> bool:
            ready = answer("/ready")
            return ready is not None and ready.status_code == 503 and "mail relay" in ready.text

        wait_until(says_why, "/ready to name the relay", timeout_seconds=20)
        live = answer("/live")
        assert live is not None
        assert live.status_code == 200

    assert whole.run(look_at_health) == 0


def test_a_sender_that_fails_ends_the_process_for_the_supervisor_to_restart(
    smtp_sink: SmtpSink, tmp_path: Path
) -> None:
    whole = Whole(smtp_sink.port, tmp_path)
    producer = whole.broker.producer()
    for _ in range(150):
        producer.send(ProducerRecord(topics.NOTIFICATION_REQUESTS, b"k", b"?", [], 0), lambda _: None)
    sender = whole.notifier.sender
    code = whole.run(lambda: wait_until(lambda: sender.failure, "the sender to fail", timeout_seconds=20))
    assert code == 1
    assert isinstance(sender.failure, DeadLetterLimit)
