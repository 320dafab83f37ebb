"""Wiring of the router: taxonomy, departments and rules from files, the processor, the engine, and what is counted."""

from __future__ import annotations

from services.router.adapters.config_files import load_departments, load_rules, load_taxonomy
from services.router.domain.assess import Assessor
from services.router.domain.case import Case
from services.router.observation import observer, publish_open_cases
from services.router.processor import RouterProcessor
from services.router.settings import RouterSettings
from shared.clock import Clock
from shared.observability.logging import configure_logging
from shared.observability.settings_log import warn_of_unread_variables
from shared.settings import load_settings
from shared.streaming.broker import Broker
from shared.streaming.kafka import KafkaBroker
from shared.streaming.kafka.key_partition import partition_of_key
from shared.streaming.service import Service


def build(settings: RouterSettings, *, broker: Broker | None = None, clock: Clock | None = None) -> Service[Case]:
    """Wire the service; what is not given is made from ``settings``. ConfigurationError: a file is wrong."""
    clock = clock or settings.make_clock()
    return Service(
        build_processor(settings),
        settings,
        broker=broker or KafkaBroker(settings.kafka),
        clock=clock,
        observe=observer(clock, settings.clock.speed),
        publish_census=publish_open_cases,
    )


def build_processor(settings: RouterSettings) -> RouterProcessor:
    """The decisions alone, by the configuration in ``config_dir``."""
    taxonomy = load_taxonomy(settings.config_dir)
    departments = load_departments(settings.config_dir)
    rules = load_rules(settings.config_dir, departments, taxonomy)
    return RouterProcessor(departments, Assessor(taxonomy, departments, rules), partition_of_key)


def main() -> int:
    """Run the router with settings from the environment; the exit code."""
    settings = load_settings(RouterSettings)
    configure_logging(RouterProcessor.name, settings.instance_id, settings.log_level)
    warn_of_unread_variables(RouterSettings)
    return build(settings).run()
