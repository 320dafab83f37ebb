"""A sender on a broker in memory and a real mail sink; everything it wrote can be looked at."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from deploy.local.polling import wait_until
from services.notifier.bootstrap import build_sender, sender_companion
from services.notifier.media.mail.settings import SmtpSettings
from services.notifier.sending.medium import MakeMedium
from services.notifier.sending.reception import SERVICE
from services.notifier.sending.sender import Sender
from services.notifier.settings import NotifierSettings, SenderSettings
from shared.clock import SystemClock
from shared.events import topics
from shared.events.base import Event
from shared.events.ids import event_id
from shared.events.notifications import NotificationOutcome, NotificationRequested
from shared.events.registry import decode, encode
from shared.settings import KafkaSettings
from shared.streaming.broker import Broker
from shared.streaming.companion import Companion
from shared.streaming.memory import MemoryBroker
from shared.streaming.records import ProducerRecord, TopicPartition
from tests.unit.notifier.cases import NOON

CONFIG = Path(__file__).parents[2] / "deploy" / "config"
DEAD_LETTERS = topics.dead_letter_topic("notifier")
SOON = (0.05, 0.05)
"""A schedule for tests: three attempts."""


def sender_settings(port: int, retry_after: tuple[float, ...] = SOON, **sender: Any) -> NotifierSettings:
    """Settings of a sender that talks to a relay on ``port`` and does not wait for long."""
    limits = {"lanes": 2, "reconnect_after_seconds": 0.05, "drain_seconds": 2.0} | sender
    return NotifierSettings(
        development=True,
        config_dir=CONFIG,
        kafka=KafkaSettings(session_timeout_seconds=6),
        smtp=SmtpSettings(host="127.0.0.1", port=port, timeout_seconds=5, final_reply_seconds=5),
        sender=SenderSettings(retry_after_seconds=retry_after, **limits),
    )


class SenderBench:
    """The topics of the sender, and senders that come and go."""

    def __init__(self, settings: NotifierSettings, plugs: Sequence[MakeMedium] | None = None) -> None:
        """``plugs``: the media, in place of the notifier's own."""
        self._plugs = plugs
        counts = {topics.NOTIFICATION_REQUESTS: 2, topics.NOTIFICATION_EVENTS: 2, DEAD_LETTERS: 1}
        self.broker = MemoryBroker(counts, rebalance_patience_seconds=5.0)
        self.settings = settings
        self.runners: list[Companion] = []
        self.senders: list[Sender] = []

    @property
    def runner(self) -> Companion:
        """The thread of the sender started last."""
        return self.runners[-1]

    @property
    def sender(self) -> Sender:
        """The sender started last."""
        return self.senders[-1]

    def request(self, *requests: NotificationRequested) -> None:
        """Write requests, as the composer does."""
        write_requests(self.broker, requests)

    def write(self, event: Event, number: int = 0) -> None:
        """Write an outcome, as an earlier owner did."""
        assert isinstance(event, NotificationOutcome)
        write_event(self.broker, topics.NOTIFICATION_EVENTS, event, f"{event.event_type}-{number}", event.complaint_id)

    def start(self, instance: str = "0") -> None:
        """Start a sender."""
        settings = self.settings.model_copy(update={"instance_id": instance})
        stopping = threading.Event()
        sender = build_sender(settings, self.broker, SystemClock(), stopping, self._plugs)
        runner = sender_companion(sender, settings, stopping)
        self.senders.append(sender)
        self.runners.append(runner)
        runner.start(on_failure=lambda: None)

    def stop(self) -> None:
        """Stop all senders in an orderly way; an error in one is raised here."""
        runners, self.runners = self.runners, []
        for runner in runners:
            runner.stop()
        for runner in runners:
            if runner.failure is not None:
                raise runner.failure

    def outcomes(self, request: NotificationRequested) -> list[NotificationOutcome]:
        """What is said about ``request``, in order."""
        return [event for event in self.all_outcomes() if event.notification_id == request.notification_id]

    def all_outcomes(self) -> list[NotificationOutcome]:
        """Everything on the events topic."""
        events = [decode(r.headers, r.value)[1] for r in self.broker.records(topics.NOTIFICATION_EVENTS)]
        return [event for event in events if isinstance(event, NotificationOutcome)]

    def wait_for(self, condition: Callable[[], object], what: str) -> None:
        """Until ``condition``; fails after 20 s."""
        wait_until(condition, what, timeout_seconds=20, interval_seconds=0.02)

    def wait_until_settled(self, requests: Iterable[NotificationRequested]) -> None:
        """Until each was sent or has failed."""
        wanted = {request.notification_id for request in requests}

        def settled() -> bool:
            ends = [e for e in self.all_outcomes() if kind(e) in ("sent", "failed", "skipped")]
            return wanted <= {end.notification_id for end in ends}

        self.wait_for(settled, "an outcome of every request")

    def committed(self) -> int:
        """How many requests are committed, over both partitions."""
        partitions = [TopicPartition(topics.NOTIFICATION_REQUESTS, number) for number in range(2)]
        return sum(self.broker.consumer(SERVICE, None).committed(partitions).values())


def kind(event: Event) -> str:
    """``attempted``, ``deferred``, ``sent``, ``failed`` or ``skipped``."""
    return event.event_type.split(".")[1]


def kinds(events: Iterable[Event]) -> list[str]:
    """The kinds of ``events``, in order."""
    return [kind(event) for event in events]


def write_requests(broker: Broker, requests: Iterable[NotificationRequested]) -> None:
    """Write requests to any broker and wait until they are durable."""
    for request in requests:
        write_event(
            broker, topics.NOTIFICATION_REQUESTS, request, request.notification_id, request.complaint_id, exact=True
        )


def write_event(broker: Broker, topic: str, event: Event, name: str, complaint_id: str, *, exact: bool = False) -> None:
    """Write one event; ``exact``: ``name`` is its ce_id."""
    value, headers = encode(
        event,
        event_id=name if exact else event_id(name, event.event_type),
        source="/test",
        subject=complaint_id,
        time=NOON,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
    producer = broker.producer()
    failures: list[Exception] = []
    producer.send(
        ProducerRecord(topic, complaint_id.encode(), value, headers),
        lambda error: failures.append(error) if error is not None else None,
    )
    assert producer.flush(10) == 0
    assert not failures
    producer.close()
