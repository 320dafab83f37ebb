"""A processor as a process: signals, health, metrics and logs around the loop. The same for every processor."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Generic

from shared.clock import Clock
from shared.errors import FatalError
from shared.observability import metrics
from shared.observability.health import Check, HealthChecks, HealthServer, Progress
from shared.observability.logging import configure_logging, get_logger
from shared.processing import Processor, StateT
from shared.streaming.batch import Batch
from shared.streaming.broker import Broker
from shared.streaming.census import PublishCensus
from shared.streaming.engine_settings import ProcessorSettings
from shared.streaming.garbage import GarbageCollection
from shared.streaming.loop import ProcessorLoop
from shared.streaming.outage_watch import OutageWatch

_LOG = get_logger()

Observe = Callable[[Batch[StateT]], None]
"""Turns a committed batch into metrics of the service."""


class Service(Generic[StateT]):
    """Runs one processor until told to stop."""

    def __init__(
        self,
        processor: Processor[StateT],
        settings: ProcessorSettings,
        *,
        broker: Broker,
        clock: Clock,
        observe: Observe[StateT] | None = None,
        publish_census: PublishCensus | None = None,
        companions: Sequence[HealthChecks] = (),
    ) -> None:
        """``publish_census`` makes gauges of how many states stand where (``Processor.standing``).

        ``companions``: checks of what else runs in this process; it is as well as the least well of them.
        """
        self.name = processor.name
        self._settings = settings
        self._observe = observe
        self._companions = companions
        self._stop = threading.Event()
        self._ended = threading.Event()
        self._progress = Progress(settings.engine.stall_seconds)
        self.loop = ProcessorLoop(processor, broker, clock, settings, self._on_committed, publish_census)
        self._outages = OutageWatch(broker, watch_cluster=self.loop.cluster.watch)

    def run(self) -> int:
        """Run until SIGTERM or SIGINT, then finish the pass and leave: 0. A FatalError ends it with its exit code."""
        configure_logging(self.name, self._settings.instance_id, self._settings.log_level)
        metrics.set_build_info(self.name)
        stop_on_signals(self._stop)
        checks = HealthChecks(
            live=_first_problem([self._progress.problem, *(companion.live for companion in self._companions)]),
            ready=_first_problem([self._not_ready, *(companion.ready for companion in self._companions)]),
        )
        health = HealthServer(self._settings.health.host, self._settings.health.port, checks)
        health.start()
        self._outages.start()
        looking = threading.Thread(target=self.loop.in_hand.watch, args=(self._ended,), name="in-hand", daemon=True)
        looking.start()
        garbage = GarbageCollection()
        _LOG.info("started", port=health.port, speed=self._settings.clock.speed)
        try:
            while not self._stop.is_set():
                self.loop.run_once()
                self._progress.mark()
                garbage.between_passes()
        except FatalError as error:
            _LOG.critical("stopping_for_a_restart", error=error, exit_code=error.exit_code)
            return error.exit_code
        finally:
            self._ended.set()
            self.loop.close()
            looking.join()
            self._outages.stop()
            health.stop()
        _LOG.info("stopped")
        return 0

    def stop(self) -> None:
        """Ask ``run`` to end after this pass."""
        self._stop.set()

    def _not_ready(self) -> str | None:
        return self._outages.problem() or self.loop.problem

    def _on_committed(self, batch: Batch[StateT]) -> None:
        for topic, count in batch.handled.items():
            metrics.RECORDS_CONSUMED_TOTAL.labels(self.name, topic).inc(count)
        for event_type, count in Counter(emit.event.event_type for emit in batch.emits).items():
            metrics.EVENTS_EMITTED_TOTAL.labels(self.name, event_type).inc(count)
        for topic, reason in batch.refusals:
            metrics.DEAD_LETTERS_TOTAL.labels(self.name, topic, reason).inc()
        if self._observe is not None:
            self._observe(batch)


def _first_problem(checks: Sequence[Check]) -> Check:
    def check() -> str | None:
        return next((problem for ask in checks if (problem := ask()) is not None), None)

    return check


def stop_on_signals(stop: threading.Event) -> None:
    """Set ``stop`` on SIGTERM and SIGINT: an orderly end after the pass in hand."""

    def request_stop(_signal: int, _frame: object) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, request_stop)
    signal.signal(signal.SIGINT, request_stop)
