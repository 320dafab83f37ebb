"""Wiring of the SLA service: calendars and policy from files, the processor, the engine, and what is counted."""

from __future__ import annotations

from services.sla.adapters.config_files import load_calendars, load_policy
from services.sla.domain.state import ComplaintClocks
from services.sla.observation import count_deadlines, publish_clocks_at_risk, publish_horizon
from services.sla.processor import SlaProcessor
from services.sla.settings import SlaSettings
from shared.clock import Clock
from shared.observability.logging import configure_logging
from shared.observability.settings_log import warn_of_unread_variables
from shared.settings import load_settings
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
        publish_census=publish_clocks_at_risk,
    )


def main() -> int:
    """Run the SLA service with settings from the environment; the exit code."""
    settings = load_settings(SlaSettings)
    configure_logging(SlaProcessor.name, settings.instance_id, settings.log_level)
    warn_of_unread_variables(SlaSettings)
    return build(settings).run()
