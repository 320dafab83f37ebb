"""Carries out a plan of faults, lane by lane at the same time, and notes when each began and ended."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from tests.torture.load.json_lines import DurableLines
from tests.torture.nemesis.cluster import TortureBus
from tests.torture.nemesis.faults import Detail, do
from tests.torture.nemesis.schedule import Fault, Lanes, estimated_seconds
from tests.torture.nemesis.slips import Slips


class Nemesis:
    """One thread per lane. A fault that does not end well is noted with its error, and the lane goes on."""

    def __init__(
        self,
        seed: int,
        bus: TortureBus,
        lanes: Lanes,
        log: Path,
        now: Callable[[], datetime],
        progress: Callable[[str], None],
        slips: Slips,
    ) -> None:
        self._seed = seed
        self._bus = bus
        self._lines = DurableLines(log)
        self._now = now
        self._progress = progress
        self._slips = slips
        self._left = {lane: list(faults) for lane, faults in lanes.items()}
        self._stopping = threading.Event()
        self.ended = 0
        self.total = sum(map(len, lanes.values()))
        self._threads = [threading.Thread(target=self._run, args=(lane,), name=f"nemesis-{lane}") for lane in lanes]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin no new fault; ``join`` waits for those under way."""
        self._stopping.set()

    def join(self) -> None:
        """Wait for the end of all lanes."""
        for thread in self._threads:
            thread.join()
        self._lines.close()

    @property
    def is_busy(self) -> bool:
        """Whether a lane still has something to do."""
        return any(thread.is_alive() for thread in self._threads)

    def seconds_left(self) -> float:
        """An estimate: that of the longest lane."""
        return max((estimated_seconds(faults) for faults in self._left.values()), default=0.0)

    def _run(self, lane: str) -> None:
        chance = random.Random(f"{self._seed}/nemesis/{lane}")
        while self._left[lane] and not self._stopping.wait(self._left[lane][0].pause_before_seconds):
            fault = self._left[lane][0]
            self._note(fault, "start", {})
            self._note(fault, "end", self._do(fault, chance))
            self._left[lane].pop(0)
            self.ended += 1

    def _do(self, fault: Fault, chance: random.Random) -> Detail:
        try:
            return self._slips.make(fault) if fault.kind.is_slip else do(self._bus, fault, chance)
        except Exception as failure:
            self._progress(f"{fault.kind} {fault.target}: {type(failure).__name__}: {failure}")
            return {"error": f"{type(failure).__name__}: {failure}"[:2000]}

    def _note(self, fault: Fault, phase: str, detail: Detail) -> None:
        self._lines.append(
            {
                "at": self._now().isoformat(),
                "fault": fault.kind,
                "target": fault.target,
                "phase": phase,
                "detail": detail,
            }
        )
