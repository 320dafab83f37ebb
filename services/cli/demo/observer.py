"""Gathers the demo's figures from the senders, the bus and the services, and times the journey of each complaint."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from services.cli.bus.metrics_probe import read_metrics, sum_of
from services.cli.bus.services import BusServices
from services.cli.demo.feed import Feeder
from services.cli.demo.figures import DemoFigures, SenderFigures
from services.cli.demo.ledger import Ledger
from services.cli.demo.reader import BusReader
from shared.clock import Clock
from shared.events.clients import WAITED_FOR
from shared.settings import KafkaSettings

LAG_METRIC = "complaintbus_consumer_lag_records"
LAG_EVERY_SECONDS = 2.0
SERVICES_WITH_LAG = WAITED_FOR


class DemoObserver:
    """Watches one demo. Made before the feeding begins, so that nothing is missed."""

    def __init__(self, settings: KafkaSettings, feeder: Feeder, services: BusServices, clock: Clock) -> None:
        self._feeder = feeder
        self._services = services
        self._clock = clock
        self._lock = threading.Lock()
        self._end_to_end: list[float] = []
        self._lag: Mapping[str, float | None] = dict.fromkeys(SERVICES_WITH_LAG)
        self._lag_read_at = 0.0
        self._began = time.monotonic()
        self.ledger = Ledger(self._note_arrival)
        self.reader = BusReader(settings, self.ledger)

    def observe(self) -> DemoFigures:
        """The figures of now; raises what ended the reader, if it ended."""
        self.reader.require_well()
        with self._lock:
            end_to_end = tuple(self._end_to_end)
        bus = self.ledger.figures()
        return DemoFigures(
            elapsed_seconds=time.monotonic() - self._began,
            demo_now=self._clock.now(),
            senders=self._senders(),
            bus=bus,
            end_to_end_seconds=end_to_end,
            lag=self._current_lag(),
            restarts=self._services.restarts(),
            ticket=self._feeder.ticket_of(bus.first_resolved),
        )

    def lost(self) -> list[str]:
        """What is missing on the bus of what was accepted."""
        return self.ledger.lost(self._feeder.accepted())

    def _senders(self) -> SenderFigures:
        figures = self._feeder.figures
        return SenderFigures(
            sent=figures.sent,
            accepted=len(figures.accepted),
            rejected=figures.rejected,
            unconfirmed=figures.unconfirmed,
            accept_seconds=tuple(self._feeder.accept_seconds()),
            refusals=self._feeder.refusals(),
        )

    def _note_arrival(self, complaint_id: str) -> None:
        requested_at = self._feeder.requested_at(complaint_id)
        if requested_at is not None:
            with self._lock:
                self._end_to_end.append(time.time() - requested_at)

    def _current_lag(self) -> Mapping[str, float | None]:
        if time.monotonic() - self._lag_read_at > LAG_EVERY_SECONDS:
            ports = self._services.health_ports()
            texts = {name: read_metrics(port) for name, port in ports.items() if name in SERVICES_WITH_LAG}
            self._lag = {name: None if text is None else sum_of(text, LAG_METRIC) for name, text in texts.items()}
            self._lag_read_at = time.monotonic()
        return self._lag
