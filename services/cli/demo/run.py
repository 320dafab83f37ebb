"""One demo from start to end: bring everything up, feed, watch, stop feeding, wait until it is through, settle up."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.cli.bus.services import INTAKE_PORT, BusServices, running_services, service_environment
from services.cli.console.output import say
from services.cli.console.stopping import StopSignals
from services.cli.demo.clock import DemoClock, read_reached, start_clock, write_reached
from services.cli.demo.feed import Feeder
from services.cli.demo.figures import DemoFigures, summary_of
from services.cli.demo.observer import DemoObserver
from services.cli.demo.samples import mixed, read_samples, submissions
from services.cli.demo.services import DEPARTMENTS, DEPARTMENTS_MODULE, demo_environment
from services.cli.demo.settlement import Settled, Settlement
from services.cli.demo.show import DemoScreen
from services.cli.stack.local_stack import BackendChoice, published, running_local_stack
from shared.settings import KafkaSettings

if TYPE_CHECKING:
    from deploy.local.stack import StackAddresses

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
    http_port: int | None = None


@dataclass(frozen=True, slots=True)
class _Stage:
    """Everything that runs during a demo."""

    addresses: StackAddresses
    services: BusServices
    clock: DemoClock


def run_demo(options: DemoOptions, signals: StopSignals) -> dict[str, Any]:
    """Run it; the summary. Raises StopAsked when stopped before anything was fed."""
    samples = mixed(read_samples(options.samples), options.seed)
    with _stage(options) as stage:
        run = stage.clock.origin.strftime("%Y%m%dT%H%M%S%f")
        feeder = Feeder(stage.services.intake_url, submissions(samples, run), options.rate)
        kafka = KafkaSettings(bootstrap_servers=stage.addresses.kafka_bootstrap)
        observer = DemoObserver(kafka, feeder, stage.services, stage.clock.clock())
        screen = DemoScreen(
            _noting_the_time(observer, options, stage.clock), intake_url=stage.services.intake_url, speed=options.speed
        )
        observer.reader.start()
        with closing(observer.reader), signals.politely() as asked, feeder:
            with screen:
                screen.feeding(asked, options.seconds)
                with signals.politely() as hurry:
                    settlement = Settlement(kafka, stage.services, stage.clock.clock(), feeder, observer, screen)
                    settled = settlement.settle(hurry)
                screen.last(settled.figures)
            write_reached(options.data_dir, stage.clock.clock().now())
            return _summary(options, stage, settled, "signal" if asked.is_set() else "time")


def _summary(options: DemoOptions, stage: _Stage, settled: Settled, stopped_by: str) -> dict[str, Any]:
    for problem in settled.problems[:SHOWN_PROBLEMS]:
        say(problem)
    return summary_of(
        settled.figures,
        lost=settled.lost,
        audit=settled.audit,
        speed=options.speed,
        rate=options.rate,
        backend=stage.addresses.backend,
        stopped_by=stopped_by,
    ) | {"seconds": round(settled.fed_seconds, 1)}


@contextmanager
def _stage(options: DemoOptions) -> Iterator[_Stage]:
    """Servers, topics, services and departments, ready."""
    from deploy.local.ports import usual_port

    with ExitStack() as running:
        directory = _directory(options.data_dir, running)
        addresses = running.enter_context(running_local_stack(options.backend, options.data_dir, options.config_dir))
        clock = start_clock(options.speed, datetime.now(UTC), read_reached(options.data_dir))
        http_port = usual_port(INTAKE_PORT, options.http_port)
        environment = {
            **service_environment(directory, options.config_dir, http_port),
            **demo_environment(options.seed, options.speed),
            **clock.environment(),
        }
        services = running.enter_context(
            running_services(
                {**addresses.as_environment(), **environment},
                http_port,
                directory / "logs",
                others=[(DEPARTMENTS, DEPARTMENTS_MODULE)],
            )
        )
        running.enter_context(published(addresses, environment, services.intake_url, services.urls()))
        yield _Stage(addresses, services, clock)


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
