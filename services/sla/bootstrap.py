"""Wiring of the SLA service: calendars and policy from files, the processor, the engine, and what is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from services.sla.adapters.config_files import load_calendars, load_policy
from services.sla.domain.calendar import BusinessCalendar
from services.sla.domain.state import ComplaintClocks
from services.sla.processor import SlaProcessor
from services.sla.settings import SlaSettings
from shared.clock import Clock
from shared.events.sla import ClockArmed, ClockEvent
from shared.observability import metrics
from shared.observability.logging import configure_logging
from shared.settings import load_settings
from shared.streaming.batch import Batch
from shared.streaming.broker import Broker
from shared.streaming.kafka import KafkaBroker
from shared.streaming.service import Service


def build(
    settings: SlaSettings, *, broker: Broker | None = None, clock: Clock | None = None
) -> Service[ComplaintClocks]:
    """Wire the service; what is not given is made from ``settings``. ConfigurationError: a file is wrong."""
    calendars = load_calendars(settings.config_dir / "calendars")
    policy = load_policy(settings.config_dir / "sla" / "policy.yaml", calendars)
    publish_horizon(calendars[clock_rule.calendar] for clock_rule in policy.clocks.values())
    return Service(
        SlaProcessor(policy, calendars, forget_after=settings.forget_after),
        settings,
        broker=broker or KafkaBroker(settings.kafka),
        clock=clock or settings.make_clock(),
        observe=count_deadlines,
    )


def publish_horizon(calendars: Iterable[BusinessCalendar]) -> None:
    """Publish until when holidays are announced in every calendar in use; deadlines beyond are provisional."""
    ends = [end for calendar in calendars if (end := calendar.known_until_end) is not None]
    if ends:
        metrics.CALENDAR_LOADED_UNTIL_TIMESTAMP_SECONDS.set(min(ends) / 1_000_000)


def count_deadlines(batch: Batch[ComplaintClocks]) -> None:
    """Count what became of deadlines, by lead department and clock."""
    results = Counter(
        (event.department or "none", event.clock, event.event_type.split(".")[1])
        for emit in batch.emits
        if isinstance(event := emit.event, ClockEvent) and not isinstance(event, ClockArmed)
    )
    for (department, clock, result), count in results.items():
        metrics.SLA_DEADLINES_TOTAL.labels(department, clock, result).inc(count)


def main() -> int:
    """Run the SLA service with settings from the environment; the exit code."""
    settings = load_settings(SlaSettings)
    configure_logging(SlaProcessor.name, settings.instance_id, settings.log_level)
    return build(settings).run()
