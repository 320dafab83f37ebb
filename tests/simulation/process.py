"""One process of a service in the simulation: its loop, its clock, its disk, and whether it is still alive."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

from shared.clock import ManualClock
from shared.errors import FatalError
from shared.processing import Processor
from shared.streaming.broker import Broker
from shared.streaming.doubts import Doubts
from shared.streaming.engine_settings import EngineSettings, ProcessorSettings
from shared.streaming.loop import ProcessorLoop
from shared.streaming.memory import MemoryBroker
from shared.streaming.records import TopicPartition
from tests.simulation.effects import Effects, Killed
from tests.simulation.ports import SimulatedBroker
from tests.simulation.serving import Serving

TIMER_GRACE = timedelta(seconds=1)
_INSTANT = 1e-6
"""The memory broker never has to be waited for."""


@cache
def _settings(max_records: int) -> ProcessorSettings:
    engine = EngineSettings(poll_seconds=_INSTANT, timer_grace=TIMER_GRACE, max_records=max_records)
    return ProcessorSettings(engine=engine)


@dataclass
class SimulatedProcess:
    """A process. ``skew``: how far its clock is ahead of the world's; ``slot``: its instance id."""

    processor: Processor[Any]
    slot: str
    cluster: MemoryBroker
    state_dir: Path
    now: datetime
    serving: Serving
    max_records: int = 1000
    skew: timedelta = timedelta(0)
    alive: bool = True
    effects: Effects = field(default_factory=Effects)

    def __post_init__(self) -> None:
        self.clock = ManualClock(self.now)
        self.broker = SimulatedBroker(self.cluster, self.effects.about_to, self.serving)
        settings = _settings(self.max_records).model_copy(
            update={"instance_id": self.slot, "state_dir": self.state_dir}
        )
        self.loop = ProcessorLoop(self.processor, cast(Broker, self.broker), self.clock, settings)
        self.loop._gauges._every_seconds = math.inf  # read by wall time, on which a history must not depend
        self.loop._doubts = Doubts(monotonic=itertools.count(0, 10).__next__)  # a history has no time to wait

    @property
    def service(self) -> str:
        """Which service this is a process of."""
        return self.processor.name

    @property
    def transactional_id(self) -> str:
        """As the loop forms it."""
        return f"{self.service}-{self.slot}"

    def run_pass(self, now: datetime) -> None:
        """One pass at world time ``now``; a process that is killed or gives up is not alive afterwards."""
        self.clock.set(now + self.skew)
        try:
            self.loop.run_once()
        except (Killed, FatalError):
            self.alive = False
            self.effects.disarm()

    def expire(self) -> None:
        """Its session times out: others get its partitions."""
        for consumer in self.broker.consumers:
            consumer.expire()

    def positions(self) -> dict[TopicPartition, int]:
        """How far it has read what it owns."""
        (consumer,) = self.broker.consumers
        return dict(consumer.positions())
