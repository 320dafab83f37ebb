"""The end of a demo: nothing is fed any more, what was accepted arrives, the auditor says its word, all is added up."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from services.cli.bus.services import BusServices
from services.cli.demo.audit import DemoAudit, wait_for_audit
from services.cli.demo.feed import Feeder
from services.cli.demo.figures import DemoFigures
from services.cli.demo.observer import DemoObserver
from services.cli.demo.services import stop_departments
from services.cli.demo.show import CutShort, DemoScreen
from services.cli.demo.table import Progress
from shared.clock import Clock
from shared.settings import KafkaSettings

DRAINS_WITHIN_SECONDS = 30.0
LOOK_EVERY_SECONDS = 0.2
_STEPS = 4


@dataclass(frozen=True, slots=True)
class Settled:
    """The last figures. ``lost`` and ``audit`` are None when the settlement was cut short: then nobody knows."""

    figures: DemoFigures
    fed_seconds: float
    lost: int | None
    audit: DemoAudit | None
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settlement:
    """Settles one demo."""

    kafka: KafkaSettings
    services: BusServices
    clock: Clock
    feeder: Feeder
    observer: DemoObserver
    screen: DemoScreen

    def settle(self, hurry: threading.Event) -> Settled:
        """All steps, or those until ``hurry`` is set: then what there is."""
        fed_seconds = self.observer.observe().elapsed_seconds
        try:
            audit = self._wait_for_all(hurry)
        except CutShort:
            return Settled(self.observer.observe(), fed_seconds, None, None, ())
        lost = self.observer.lost()
        figures = self.observer.observe()
        twice = tuple(f"twice: {what}" for what in figures.bus.duplicated)
        return Settled(figures, fed_seconds, len(lost), audit, (*lost, *twice))

    def _wait_for_all(self, hurry: threading.Event) -> DemoAudit:
        during = self.screen.during
        during(_step(0, "no more complaints; receipts still to come 不再提交，等待回执"), self.feeder.stop, hurry)
        during(_step(1, "the last ones go to their departments 派发余件"), self._drain, hurry)
        during(_step(2, "departments stop 部门停止"), lambda: stop_departments(self.services), hurry)
        audit = during(_step(2, "the auditor reads to the end 审计核对"), self._audit, hurry)
        during(_step(3, "services stop 服务停止"), self._stop_services, hurry)
        return audit

    def _drain(self) -> None:
        """Wait until nothing is missing any more, within bounds."""
        deadline = time.monotonic() + DRAINS_WITHIN_SECONDS
        pause = threading.Event()
        while self.observer.lost() and time.monotonic() < deadline:
            self.observer.reader.require_well()
            pause.wait(LOOK_EVERY_SECONDS)

    def _audit(self) -> DemoAudit:
        return wait_for_audit(self.kafka, self.clock)

    def _stop_services(self) -> None:
        self.services.supervisor.stop(together=True)
        self.observer.reader.finish()


def _step(done: int, text: str) -> Progress:
    return Progress(done, _STEPS, text)
