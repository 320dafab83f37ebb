"""One run from begin to end: warm up, break things under load, heal, settle, drain, freeze. Judging comes after."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.support.whole_bus import CONFIG_DIRECTORY
from tests.torture.load.client import LoadClient
from tests.torture.load.departments import Departments
from tests.torture.load.ledger import Ledger
from tests.torture.load.pace import Pace
from tests.torture.load.poison import Poisoner
from tests.torture.nemesis.cluster import AUDITOR_PATIENCE_SECONDS, INSTANCES, TortureBus
from tests.torture.nemesis.lanes import Nemesis
from tests.torture.nemesis.schedule import Abilities, FaultKind, Lanes, plan
from tests.torture.nemesis.slips import Slips
from tests.torture.run.audit import ask_auditor, wait_for_verdict
from tests.torture.run.directory import RunDirectory
from tests.torture.run.drain import inputs_of_groups, wait_drained
from tests.torture.run.live_reader import LiveReader
from tests.torture.run.resources import ResourceSampler, can_sample

DRAIN_SECONDS = 200.0
DRAINED_PER_SECOND = 500.0  # complaints by which a longer run may take longer over it
RTO_SECONDS = 10.0
FASTEST_PER_SECOND = 60.0
SUSTAINED_PER_SECOND = 34.0  # what two cores carry for an hour, three brokers and twins of all services included
PROGRESS_EVERY_SECONDS = 5.0


@dataclass(frozen=True)
class Plan:
    """What to run."""

    seed: int
    complaints: int
    kills: int
    brokers: int
    speed: float = 3600.0
    warm_up_seconds: float = 5.0
    settle_seconds: float = 5.0
    lanes: Lanes = field(default_factory=dict)

    @property
    def crash_points(self) -> list[str]:
        """Those to be visited."""
        faults = [fault for faults in self.lanes.values() for fault in faults]
        return sorted({fault.target.partition(":")[0] for fault in faults if fault.kind is FaultKind.CRASH_POINT})

    @classmethod
    def of_seed(cls, seed: int, complaints: int, kills: int, brokers: int, speed: float, abilities: Abilities) -> Plan:
        """The plan of a seed."""
        lanes = plan(seed, kills, brokers, abilities, least_seconds=complaints / SUSTAINED_PER_SECOND)
        return cls(seed, complaints, kills, brokers, speed, lanes=lanes)


class Run:
    """Runs a plan in a directory; the bus must be up. ``progress`` gets one line of text at a time."""

    def __init__(self, plan: Plan, directory: RunDirectory, bus: TortureBus, progress: Callable[[str], None]) -> None:
        self.plan = plan
        self.directory = directory
        self.bus = bus
        self.progress = progress
        bootstrap = bus.kafka.bootstrap_servers
        self.ledger = Ledger(directory.ledger, bus.now)
        poisoner = Poisoner(bootstrap, bus.departments, self.ledger)
        slips = Slips(bus, poisoner)
        self.nemesis = Nemesis(plan.seed, bus, plan.lanes, directory.nemesis, bus.now, progress, slips)
        self.departments = Departments(plan.seed, bootstrap, bus.departments, bus.now)
        pace = Pace(plan.complaints, self._seconds_left, FASTEST_PER_SECOND)
        self.load = LoadClient(plan.seed, bus.urls, pace, self.ledger, poisoner, jdk=bus.jdk)
        self.live_reader = LiveReader(bootstrap, directory.live)
        self.resources = ResourceSampler(lambda: bus.supervisor.processes, directory.resources)
        self._pace = pace
        self._warm_until = time.monotonic() + plan.warm_up_seconds
        self.seconds: dict[str, float] = {}

    def execute(self) -> None:
        """All phases up to the freeze; the brokers stay up for the checker."""
        self._describe()
        self._phase("warm up", self._warm_up)
        self._phase("faults", self._break_things)
        self._phase("heal", self.bus.heal)
        self._phase("rest of the load", self._rest_of_the_load)
        self._phase("settle", lambda: time.sleep(self.plan.settle_seconds))
        self._phase("drain", self._drain)
        self._phase("audit", self._audit)
        self._phase("freeze", self._freeze)

    def _describe(self) -> None:
        bus, plan = self.bus, self.plan
        self.directory.write_run(
            {
                "seed": plan.seed,
                "complaints": plan.complaints,
                "kills": plan.kills,
                "crash_points": plan.crash_points,
                "brokers": plan.brokers,
                "instances": dict(INSTANCES),
                "read_live": True,
                "sampled": can_sample(),
                "kafka_bootstrap": bus.kafka.bootstrap_servers,
                "departments": bus.departments,
                "topics": bus.topics,
                "http_urls": bus.urls,
                "clock_speed": plan.speed,
                "clock_origin": bus.origin.isoformat(),
                "started_at": datetime.now(UTC).isoformat(),
                "rto_seconds": RTO_SECONDS,
                "config_dir": str(CONFIG_DIRECTORY),
            }
        )

    def _phase(self, name: str, act: Callable[[], object]) -> None:
        self.progress(f"{name} …")
        started = time.monotonic()
        act()
        self.seconds[name] = round(time.monotonic() - started, 1)

    def _seconds_left(self) -> float:
        return max(0.0, self._warm_until - time.monotonic()) + self.nemesis.seconds_left()

    def _warm_up(self) -> None:
        self.resources.start()
        self.live_reader.start()
        self.departments.start()
        self._warm_until = time.monotonic() + self.plan.warm_up_seconds
        self.load.start()
        time.sleep(self.plan.warm_up_seconds)

    def _break_things(self) -> None:
        self.nemesis.start()
        while self.nemesis.is_busy:
            self._tell()
            time.sleep(PROGRESS_EVERY_SECONDS)
        self.nemesis.join()

    def _rest_of_the_load(self) -> None:
        while self.load.is_busy:
            self._tell()
            time.sleep(1.0)
        self.load.join()

    def _tell(self) -> None:
        faults = f"{self.nemesis.ended}/{self.nemesis.total} faults"
        self.progress(
            f"{self._pace.given}/{self._pace.total} complaints, {faults}, {self.departments.reported} reports"
        )

    def _drain(self) -> None:
        """First what consumers and departments said, then, with the clocks stopped, what the clocks said."""
        self.departments.stop()
        inputs = inputs_of_groups(self.bus.departments)
        bootstrap = self.bus.kafka.bootstrap_servers
        longest = DRAIN_SECONDS + self.plan.complaints / DRAINED_PER_SECOND
        left = wait_drained(bootstrap, {"router": inputs["router"], "sla": inputs["sla"]}, longest, self.progress)
        self._stop_service("sla")
        self.directory.update_run(clocks_stopped_at=self.bus.now().isoformat())
        left |= wait_drained(bootstrap, inputs, longest, self.progress)
        self.directory.update_run(undrained=left)

    def _audit(self) -> None:
        """The auditor's verdict, while it still runs: it may have to wait before it calls something a hole."""
        bootstrap = self.bus.kafka.bootstrap_servers
        verdict = wait_for_verdict(lambda: ask_auditor(bootstrap), AUDITOR_PATIENCE_SECONDS, self.progress)
        self.directory.write_audit(verdict)

    def _stop_service(self, service: str) -> None:
        scrapes = [scrape for scrape in self.bus.scrape() if scrape["service"] == service]
        self._scrapes = scrapes
        for number in range(INSTANCES[service]):
            self.bus.supervisor.forget(f"{service}-{number}").terminate(15)

    def _freeze(self) -> None:
        self.directory.write_metrics([*self._scrapes, *self.bus.scrape()])
        self.resources.stop()
        self.bus.supervisor.stop()
        if failure := self.live_reader.stop():
            self.progress(f"the live reader gave up: {failure!r}")
        self.ledger.close()
        self.directory.sinks.mkdir(parents=True, exist_ok=True)
        for name, truth_log in {"smtp": self.bus.mail.truth_log, **self.bus.messages.truth_logs}.items():
            if truth_log.exists():
                shutil.copyfile(truth_log, self.directory.sinks / f"{name}.jsonl")
        self.directory.update_run(frozen_at=self.bus.now().isoformat(), phase_seconds=self.seconds)
