"""Wiring of the auditor: the processor in the engine, and beside it the thread that puts lost submissions back."""

from __future__ import annotations

from services.auditor.adapters.departments_file import department_ids
from services.auditor.domain.case_audit import CaseAudit
from services.auditor.observation import Observer
from services.auditor.processor import AuditProcessor
from services.auditor.reinjection import ReinjectionRunner
from services.auditor.settings import AuditorSettings
from shared.clock import Clock
from shared.errors import FatalError
from shared.observability.logging import configure_logging, get_logger
from shared.settings import load_settings
from shared.streaming.broker import Broker
from shared.streaming.kafka import KafkaBroker
from shared.streaming.service import Service

_LOG = get_logger()


class Auditor:
    """The wired service. ``reinjection`` is None where it is switched off."""

    def __init__(self, service: Service[CaseAudit], reinjection: ReinjectionRunner | None) -> None:
        self.service = service
        self.reinjection = reinjection

    def run(self) -> int:
        """Run until SIGTERM or SIGINT: 0. When either half fails: 1, for the supervisor to restart."""
        if self.reinjection is None:
            return self.service.run()
        self.reinjection.start(on_failure=self.service.stop)
        try:
            code = self.service.run()
        except FatalError as error:
            _LOG.error("auditor_failed", error=error)
            code = 1
        finally:
            self.reinjection.stop()
        return code if self.reinjection.failure is None else 1


def build(settings: AuditorSettings, *, broker: Broker | None = None, clock: Clock | None = None) -> Auditor:
    """Wire the service; what is not given is made from ``settings``. ConfigurationError: a file is wrong."""
    broker = broker or KafkaBroker(settings.kafka)
    reinjection = build_reinjection(settings, broker) if settings.auditor_reinject else None
    service = Service(
        AuditProcessor(department_ids(settings.config_dir / "departments.yaml"), settings.policy),
        settings,
        broker=broker,
        clock=clock or settings.make_clock(),
        observe=Observer(),
        companions=[] if reinjection is None else [reinjection.checks],
    )
    return Auditor(service, reinjection)


def build_reinjection(settings: AuditorSettings, broker: Broker) -> ReinjectionRunner:
    """The edge, not started."""
    return ReinjectionRunner(
        broker, settings.instance_id, settings.reinjections_per_minute, settings.engine.stall_seconds
    )


def main() -> int:
    """Run the auditor with settings from the environment; the exit code."""
    settings = load_settings(AuditorSettings)
    configure_logging(AuditProcessor.name, settings.instance_id, settings.log_level)
    return build(settings).run()
