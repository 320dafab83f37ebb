"""One demo from start to end: bring everything up, feed, watch, stop feeding, wait until it is through, settle up."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.cli.demo_audit import wait_for_audit
from services.cli.demo_clock import DemoClock, read_reached, start_clock, write_reached
from services.cli.demo_feed import Feeder
from services.cli.demo_figures import DemoFigures, summary_of
from services.cli.demo_observer import DemoObserver
from services.cli.demo_samples import mixed, read_samples, submissions
from services.cli.demo_services import DemoProcesses, running_services, service_environment
from services.cli.demo_show import show_until
from services.cli.local_stack import BackendChoice, published, running_local_stack
from services.cli.output import say
from services.cli.stopping import StopSignals
from shared.settings import KafkaSettings

if TYPE_CHECKING:
    from deploy.local.stack import StackAddresses

DRAINS_WITHIN_SECONDS = 30.0
LOOK_EVERY_SECONDS = 0.2
SHOWN_PROBLEMS = 10
REACHED_MARGIN_REAL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What was asked for. ``seconds`` None: until a signal."""

    rate: float
    speed: float
    seconds: float | None
    samples: Path | None
    seed: int
    config_dir: Path
    data_dir: Path | None
    backend: BackendChoice


@dataclass(frozen=True, slots=True)
class _Stage:
    """Everything that runs during a demo."""

    addresses: StackAddresses
    processes: DemoProcesses
    clock: DemoClock


def run_demo(options: DemoOptions, signals: StopSignals) -> dict[str, Any]:
    """Run it; the summary. Raises StopAsked when stopped before anything was fed."""
    samples = mixed(read_samples(options.samples), options.seed)
    with _stage(options) as stage:
        run = stage.clock.origin.strftime("%Y%m%dT%H%M%S%f")
        feeder = Feeder(stage.processes.intake_url, submissions(samples, run), options.rate)
        kafka = KafkaSettings(bootstrap_servers=stage.addresses.kafka_bootstrap)
        observer = DemoObserver(kafka, feeder, stage.processes, stage.clock.clock())
        observer.reader.start()
        with closing(observer.reader), signals.politely() as asked, feeder:
            show_until(
                asked,
                options.seconds,
                _noting_the_time(observer, options, stage.clock),
                intake_url=stage.processes.intake_url,
                speed=options.speed,
            )
            return _settle(options, stage, feeder, observer, "signal" if asked.is_set() else "time")


@contextmanager
def _stage(options: DemoOptions) -> Iterator[_Stage]:
    """Servers, topics, services and departments, ready."""
    from deploy.local.ports import free_port

    with ExitStack() as running:
        directory = _directory(options.data_dir, running)
        addresses = running.enter_context(running_local_stack(options.backend, options.data_dir, options.config_dir))
        clock = start_clock(options.speed, datetime.now(UTC), read_reached(options.data_dir))
        http_port = free_port()
        environment = {
            **service_environment(directory, options.config_dir, http_port, options.seed, options.speed),
            **clock.environment(),
        }
        processes = running.enter_context(
            running_services({**addresses.as_environment(), **environment}, http_port, directory / "logs")
        )
        running.enter_context(published(addresses, environment, processes.intake_url))
        yield _Stage(addresses, processes, clock)


def _directory(kept: Path | None, running: ExitStack) -> Path:
    """Where state and logs go: the kept data directory, or one that is thrown away at the end."""
    if kept is not None:
        return kept.resolve()
    return Path(running.enter_context(tempfile.TemporaryDirectory(prefix="complaint-bus-demo-")))


def _noting_the_time(observer: DemoObserver, options: DemoOptions, clock: DemoClock) -> Any:
    """Observing, and leaving a note of how far demo time has come in a kept data directory."""
    margin = timedelta(seconds=REACHED_MARGIN_REAL_SECONDS * clock.speed)

    def observe() -> DemoFigures:
        figures = observer.observe()
        write_reached(options.data_dir, figures.demo_now, margin)
        return figures

    return observe


def _settle(
    options: DemoOptions, stage: _Stage, feeder: Feeder, observer: DemoObserver, stopped_by: str
) -> dict[str, Any]:
    """Stop feeding, wait until everything accepted has arrived, stop the services, read to the end, add up."""
    say("no more complaints; waiting until all are through")
    feeder.stop()
    fed = observer.observe()
    _drain(observer)
    stage.processes.stop_departments()  # or there would always be a case that ended just now
    kafka = KafkaSettings(bootstrap_servers=stage.addresses.kafka_bootstrap)
    audit = wait_for_audit(kafka, stage.clock.clock())
    stage.processes.supervisor.stop()
    observer.reader.finish()
    write_reached(options.data_dir, stage.clock.clock().now())
    lost = observer.lost()
    figures = observer.observe()
    for problem in (*lost, *(f"twice: {what}" for what in figures.bus.duplicated))[:SHOWN_PROBLEMS]:
        say(problem)
    return summary_of(
        figures,
        lost=len(lost),
        audit=audit,
        speed=options.speed,
        rate=options.rate,
        backend=stage.addresses.backend,
        stopped_by=stopped_by,
    ) | {"seconds": round(fed.elapsed_seconds, 1)}


def _drain(observer: DemoObserver) -> None:
    """Wait until nothing is missing any more, within bounds."""
    deadline = time.monotonic() + DRAINS_WITHIN_SECONDS
    pause = threading.Event()
    while observer.lost() and time.monotonic() < deadline:
        observer.reader.require_well()
        pause.wait(LOOK_EVERY_SECONDS)
