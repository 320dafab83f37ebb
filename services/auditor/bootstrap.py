"""Wiring of the auditor: the processor in the engine, and beside it re-injection and the watch on lag."""

from __future__ import annotations

import threading
from collections.abc import Callable

from services.auditor.adapters.departments_file import department_ids
from services.auditor.adapters.group_lag import GroupLag
from services.auditor.adapters.reinjection import GROUP, NEEDS, Reinjection
from services.auditor.domain.case_audit import CaseAudit
from services.auditor.observation import begin_series, publish, publish_open_holes
from services.auditor.processor import AuditProcessor
from services.auditor.settings import AuditorSettings
from shared.clock import Clock
from shared.observability.logging import configure_logging
from shared.observability.settings_log import warn_of_unread_variables
from shared.settings import load_settings
from shared.streaming.broker import Broker
from shared.streaming.cluster_check import ClusterCheck
from shared.streaming.companion import Companion, run_beside
from shared.streaming.kafka import KafkaBroker
from shared.streaming.service import Service


class Auditor:
    """The wired service. ``reinjection`` is None where it is switched off."""

    def __init__(self, service: Service[CaseAudit], reinjection: Companion | None, group_lag: Companion) -> None:
        self.service = service
        self.reinjection = reinjection
        self.group_lag = group_lag

    def run(self) -> int:
        """Run until SIGTERM or SIGINT: 0. When a part fails: 1, for the supervisor to restart."""
        return run_beside(self.service, self.group_lag, *([] if self.reinjection is None else [self.reinjection]))


def build(settings: AuditorSettings, *, broker: Broker | None = None, clock: Clock | None = None) -> Auditor:
    """Wire the service; what is not given is made from ``settings``. ConfigurationError: a file is wrong."""
    begin_series()
    broker = broker or KafkaBroker(settings.kafka)
    reinjection = build_reinjection(settings, broker) if settings.auditor_reinject else None
    group_lag = build_group_lag(settings, broker, lambda number: service.loop.has_partition(number))
    service = Service(
        AuditProcessor(department_ids(settings.config_dir / "departments.yaml"), settings.policy),
        settings,
        broker=broker,
        clock=clock or settings.make_clock(),
        observe=publish,
        publish_census=publish_open_holes,
        companions=[companion.checks() for companion in (reinjection, group_lag) if companion is not None],
    )
    return Auditor(service, reinjection, group_lag)


def build_reinjection(settings: AuditorSettings, broker: Broker) -> Companion:
    """The edge that puts lost submissions back, not started."""
    stopping = threading.Event()

    def begin() -> Reinjection:
        cluster = ClusterCheck(broker, GROUP, NEEDS, settings.kafka.missing_patience_seconds)
        return Reinjection(broker, settings.instance_id, settings.reinjections_per_minute, stopping, cluster)

    return Companion("reinjection", begin, stopping, settings.engine.stall_seconds)


def build_group_lag(settings: AuditorSettings, broker: Broker, has_partition: Callable[[int], bool]) -> Companion:
    """What watches the groups, not started. The auditor that has the first partition serves it."""
    stopping = threading.Event()

    def begin() -> GroupLag:
        return GroupLag(broker, lambda: has_partition(0), settings.group_lag_seconds, stopping)

    return Companion("group-lag", begin, stopping, settings.engine.stall_seconds + settings.group_lag_seconds)


def main() -> int:
    """Run the auditor with settings from the environment; the exit code."""
    settings = load_settings(AuditorSettings)
    configure_logging(AuditProcessor.name, settings.instance_id, settings.log_level)
    warn_of_unread_variables(AuditorSettings)
    return build(settings).run()
