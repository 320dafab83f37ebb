"""Wiring of the notifier: composer and sender, two loops in one process, and its life from start to stop."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from services.notifier.adapters.config_files import load_departments
from services.notifier.adapters.recipient_window import RecipientWindow
from services.notifier.composer import Composer
from services.notifier.domain.letterhead import Letterhead
from services.notifier.domain.policy import CorrespondencePolicy
from services.notifier.domain.recipient_limit import RecipientLimits, recipient_key
from services.notifier.domain.state import Correspondence
from services.notifier.domain.template_values import TemplateValues
from services.notifier.media.mail.medium import mail
from services.notifier.sending.courier import Admits, Courier
from services.notifier.sending.desk import Desk
from services.notifier.sending.durable_writer import DurableWriter
from services.notifier.sending.lane import Lane
from services.notifier.sending.lanes import Lanes
from services.notifier.sending.lease import Lease
from services.notifier.sending.medium import MakeMedium, Medium
from services.notifier.sending.ownership import Ownership
from services.notifier.sending.reception import SERVICE, Reception
from services.notifier.sending.schedule import LaneSchedule
from services.notifier.sending.sender import MAX_POLL, NEEDS, Sender
from services.notifier.sending.throttle import Throttle
from services.notifier.settings import NotifierSettings
from shared.clock import Clock
from shared.events.ids import query_code
from shared.events.notifications import NotificationSkipped
from shared.observability import metrics
from shared.observability.logging import configure_logging
from shared.observability.settings_log import warn_of_unread_variables
from shared.settings import load_settings
from shared.streaming.batch import Batch
from shared.streaming.broker import Broker
from shared.streaming.cluster_check import ClusterCheck
from shared.streaming.companion import Companion, run_beside
from shared.streaming.dead_letters import DeadLetterMeter
from shared.streaming.kafka import KafkaBroker
from shared.streaming.service import Service


class Notifier:
    """The wired service: the composer in the engine, the sender beside it."""

    def __init__(self, composer: Service[Correspondence], sender: Companion) -> None:
        self.composer = composer
        self.sender = sender

    def run(self) -> int:
        """Run until SIGTERM or SIGINT: 0. When either half fails: 1, for the supervisor to restart."""
        return run_beside(self.composer, self.sender)


def build(settings: NotifierSettings, *, broker: Broker | None = None, clock: Clock | None = None) -> Notifier:
    """Wire the service; what is not given is made from ``settings``. ConfigurationError: a file is wrong."""
    broker = broker or KafkaBroker(settings.kafka)
    clock = clock or settings.make_clock()
    departments = load_departments(settings.config_dir / "departments.yaml")
    stopping = threading.Event()
    sender = build_sender(settings, broker, clock, stopping)
    companion = sender_companion(sender, settings, stopping)
    composer = Service(
        Composer(correspondence_policy(settings, departments.triage.id)),
        settings,
        broker=broker,
        clock=clock,
        observe=count_skipped,
        companions=[companion.checks(ready=sender.problem)],
    )
    return Notifier(composer, companion)


def sender_companion(sender: Sender, settings: NotifierSettings, stopping: threading.Event) -> Companion:
    """The sender in a thread of its own, not started."""
    return Companion("sender", sender.start, stopping, settings.engine.stall_seconds)


def correspondence_policy(settings: NotifierSettings, triage: str) -> CorrespondencePolicy:
    """What the composer decides by."""
    return CorrespondencePolicy(
        triage_department=triage,
        department_language=settings.department_language,
        hold_for=timedelta(seconds=settings.hold_breaches_seconds),
        keep_for=timedelta(days=settings.keep_addresses_days),
    )


def letterhead(settings: NotifierSettings) -> Letterhead:
    """Names and doors of the enterprise, as set."""
    return Letterhead(
        {"zh-CN": settings.organisation_zh, "en": settings.organisation_en},
        contact=settings.contact,
        status_url=settings.status_url,
        message_url=settings.message_url,
    )


def media(settings: NotifierSettings, make_query_code: Callable[[str], str] | None = None) -> Sequence[MakeMedium]:
    """Every medium there is; a new one is one more line here. Without ``make_query_code`` the secret makes the codes.

    ConfigurationError: the files of one of them are wrong.
    """
    secret = settings.query_code_secret.get_secret_value().encode()
    values = TemplateValues(letterhead(settings), make_query_code or partial(query_code, secret))
    departments = load_departments(settings.config_dir / "departments.yaml").by_id()
    templates = settings.config_dir / "templates"
    return [
        mail(settings.smtp, templates, settings.zone, departments, values),
    ]


def build_sender(
    settings: NotifierSettings,
    broker: Broker,
    clock: Clock,
    stopping: threading.Event,
    plugs: Sequence[MakeMedium] | None = None,
) -> Sender:
    """The sender with its lanes, not started; ``stopping`` cuts its waits short. ``plugs``: other media than ours."""
    lease = Lease(settings.kafka.session_timeout_seconds)
    desk = Desk(clock, DurableWriter(broker.producer(), stopping), lease, stopping)
    lanes = build_lanes(settings, desk, media(settings) if plugs is None else plugs)
    consumer = broker.consumer(SERVICE, settings.instance_id)
    ownership = Ownership(broker, consumer, settings.sender.max_span + MAX_POLL)
    throttle = Throttle(settings.sender.max_pending, settings.sender.max_span)
    reception = Reception(ownership, lanes, desk, DeadLetterMeter(settings.engine.dead_letter_max_share))
    cluster = ClusterCheck(broker, SERVICE, NEEDS, settings.kafka.missing_patience_seconds)
    return Sender(consumer, ownership, throttle, lanes, reception, desk, settings.sender.drain_seconds, cluster)


def recipient_limit(settings: NotifierSettings) -> Admits:
    """Whether one more letter may go to an addressee, who is known by a keyed hash alone."""
    limits = RecipientLimits(settings.recipient.per_hour, settings.recipient.per_day)
    seconds = settings.redis.timeout_seconds
    redis = Redis.from_url(
        settings.redis.url, socket_timeout=seconds, socket_connect_timeout=seconds, retry=Retry(NoBackoff(), 0)
    )
    window = RecipientWindow(redis, limits)
    secret = settings.query_code_secret.get_secret_value().encode()
    return lambda addressee, notification_id, now: window.admits(recipient_key(secret, addressee), notification_id, now)


def build_lanes(settings: NotifierSettings, desk: Desk, plugs: Sequence[MakeMedium]) -> Lanes:
    """The lanes of every medium, each with a connection of its own."""
    admits, numbers = recipient_limit(settings), itertools.count()
    by_medium: dict[str, list[Lane]] = {}
    for make in plugs:
        for medium in (make() for _ in range(settings.sender.lanes)):
            lane = build_lane(next(numbers), settings, desk, medium, admits)
            by_medium.setdefault(medium.name, []).append(lane)
    return Lanes(by_medium)


def build_lane(number: int, settings: NotifierSettings, desk: Desk, medium: Medium, admits: Admits) -> Lane:
    """One lane of ``medium``."""
    schedule = LaneSchedule(desk.clock)
    courier = Courier(medium, schedule, desk, settings.retry_after, admits)
    reconnect_after = timedelta(seconds=settings.sender.reconnect_after_seconds)
    return Lane(number, schedule, courier, medium, desk, reconnect_after)


def count_skipped(batch: Batch[Correspondence]) -> None:
    """Count messages nobody gets, with the committed batch that says so."""
    skipped = [emit.event for emit in batch.emits if isinstance(emit.event, NotificationSkipped)]
    for (medium, template), count in Counter((event.medium, event.template) for event in skipped).items():
        metrics.NOTIFICATIONS_TOTAL.labels(medium, template, "skipped").inc(count)


def main() -> int:
    """Run the notifier with settings from the environment; the exit code."""
    settings = load_settings(NotifierSettings)
    configure_logging(Composer.name, settings.instance_id, settings.log_level)
    warn_of_unread_variables(NotifierSettings)
    return build(settings).run()
