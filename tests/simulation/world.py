"""The world of one history: the cluster, the processes, the time; and everything that can happen in it.

Each public method is one thing that happens. Who chooses what happens is outside: a seeded scheduler or Hypothesis.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from shared.errors import BrokerUnavailable, TransactionDoubt
from shared.events.topics import LIFECYCLE
from shared.processing import Processor
from shared.streaming.memory import MemoryBroker
from shared.streaming.records import ProducerRecord, TopicPartition
from tests.simulation.effects import Killed
from tests.simulation.process import SimulatedProcess
from tests.simulation.serving import Serving

PARTITIONS = 2
SLOTS = ("0", "1")
_IN_TRANSACTION = frozenset({"begin", "produce", "flush", "offsets", "commit", "answer to commit"})
_CANNOT_FAIL = frozenset({"write", "reduce"})
_IDLE_ROUNDS = 20
_MOST_ROUNDS = 2000


class Fault(StrEnum):
    """What can come between two effects of a process."""

    KILL = "kill"
    DOUBT = "doubt"
    OVERTAKEN = "overtaken"
    TWIN = "twin"
    TRANSACTION_TIMEOUT = "transaction timeout"
    BROKER_AWAY = "broker away"
    INPUT = "input"
    OTHERS = "others"
    TIME = "time"


class World:
    """A cluster with processes of the given services in up to two slots each."""

    def __init__(
        self, processors: Mapping[str, Processor[Any]], topics: Mapping[str, int], now: datetime, root: Path, seed: int
    ) -> None:
        self.cluster = MemoryBroker(topics)
        self.serving = Serving(seed, lambda what: self.happened.append(what))
        self.now = now
        self.most_ahead = timedelta(0)
        """How far any process's clock was ever ahead."""
        self.ever_behind = False
        self.processors = processors
        self.processes: dict[tuple[str, str], SimulatedProcess] = {}
        self.happened: list[str] = []
        self.case_log_ends: list[tuple[datetime, list[int]]] = []
        """How far each partition of the case log could be read at an instant, noted whenever time goes by."""
        self.on_input: Callable[[], None] = lambda: None
        self._replaced: list[SimulatedProcess] = []
        self._root = root
        self._directories = 0
        self._running: list[SimulatedProcess] = []
        logs = self.cluster._logs
        self._entries = [log._entries for log in logs._logs.values()]
        self._inputs = {
            service: [partition for topic in processor.input_topics for partition in logs.partitions_of(topic)]
            for service, processor in processors.items()
        }

    # -- for the stores ------------------------------------------------------------------------------------------

    def about_to(self, effect: str) -> None:
        """An effect of the process that runs now, outside its broker."""
        if self._running:
            self._running[-1].effects.about_to(effect)

    # -- processes -----------------------------------------------------------------------------------------------

    def start(self, service: str, slot: str, *, max_records: int = 1000, keep_disk: bool = True) -> None:
        """Start a process in a slot; a live one there is a twin that will find itself fenced."""
        old = self.processes.get((service, slot))
        directory = old.state_dir if old is not None and keep_disk and not old.alive else self._new_directory()
        if old is not None:
            self._replaced.append(old)
        self.processes[(service, slot)] = SimulatedProcess(
            self.processors[service], slot, self.cluster, directory, self.now, self.serving, max_records
        )

    def run(self, service: str, slot: str) -> None:
        """One pass of the process in this slot, if there is a live one."""
        process = self.processes.get((service, slot))
        if process is not None:
            self.run_process(process)

    def run_process(self, process: SimulatedProcess) -> None:
        """One pass of this process, unless it is dead or in the middle of one already."""
        if not process.alive or process in self._running:
            return
        self._running.append(process)
        try:
            process.run_pass(self.now)
        finally:
            self._running.pop()

    def run_replaced(self) -> None:
        """Those that were replaced but never noticed have a pass each."""
        for process in self._replaced:
            self.run_process(process)

    def run_interrupted(self, service: str, slot: str, nth: int, fault: Fault, only: str | None = None) -> None:
        """One pass in which ``fault`` happens before the ``nth`` effect (``only`` of this name)."""
        process = self.processes.get((service, slot))
        if process is None or not process.alive:
            return
        process.effects.interrupt(nth, lambda effect: self._interrupt(process, effect, fault), only)
        self.run_process(process)
        process.effects.disarm()

    def expire(self, service: str, slot: str) -> None:
        """The session of a process times out, dead or alive."""
        process = self.processes.get((service, slot))
        if process is not None:
            process.expire()

    def skew(self, service: str, slot: str, by: timedelta) -> None:
        """The clock of one process is set wrong."""
        process = self.processes.get((service, slot))
        if process is not None:
            process.skew = by
            self.most_ahead = max(self.most_ahead, by)
            self.ever_behind = self.ever_behind or by < timedelta(0)

    def time_out_transaction(self, transactional_id: str) -> None:
        """The broker gives up a transaction that was left open, and fences who left it."""
        if transactional_id in self.cluster._open:
            available, self.cluster.available = self.cluster.available, True
            with self.cluster.changed:
                self.cluster.initialise(transactional_id)
            self.cluster.available = available

    # -- the rest of the world -----------------------------------------------------------------------------------

    def pass_time(self, by: timedelta) -> None:
        """Time goes by."""
        ends = [self.cluster.stable_end(TopicPartition(LIFECYCLE, number)) for number in range(PARTITIONS)]
        self.case_log_ends.append((self.now, ends))
        self.now += by

    def set_broker(self, *, available: bool) -> None:
        """The broker goes away, or comes back."""
        self.cluster.available = available

    def write(self, record: ProducerRecord) -> tuple[str, int, int] | None:
        """Somebody outside writes a record: where it lies. None while the broker is away: it was never accepted."""
        if not self.cluster.available:
            return None
        with self.cluster.changed:
            place, offset = self.cluster.append(record, None)
        self.now += timedelta(milliseconds=1)
        return place.topic, place.partition, offset

    # -- the end -------------------------------------------------------------------------------------------------

    def heal(self) -> None:
        """Faults stop: the broker is back, clocks are right, every slot that ever ran has a live process."""
        self.happened.append("faults stop")
        self.cluster.available = True
        self.serving.leaves_out = False
        for process in self._replaced:
            process.skew = timedelta(0)
            if not process.alive:
                process.expire()
        for (service, slot), process in list(self.processes.items()):
            process.skew = timedelta(0)
            if not process.alive:
                self.start(service, slot)
        for service in self.processors:
            if not any(name == service for name, _ in self.processes):
                self.start(service, SLOTS[0])

    def drain(self) -> None:
        """Let everybody run until nothing is left to do. AssertionError when that never comes: no liveness."""
        idle_rounds, reached = 0, self._progress()
        for _ in range(_MOST_ROUNDS):
            before = reached
            self._round()
            reached = self._progress()
            if not self.unfinished():
                return
            idle_rounds = idle_rounds + 1 if reached == before else 0
            if idle_rounds > _IDLE_ROUNDS:
                break
        raise AssertionError(f"nothing moves any more, but: {self.unfinished()}")

    def rest(self) -> None:
        """Let everybody run once more with nothing to do. AssertionError when anything is written all the same."""
        before = self._progress()
        self._round()
        assert self._progress() == before, "written without a cause"

    def _round(self) -> None:
        self.run_replaced()
        for process in list(self.processes.values()):
            self.run_process(process)
            if not process.alive:
                self.start(process.service, process.slot)

    def unfinished(self) -> list[str]:
        """What is still to be done, by partition or timer."""
        found = [f"open transaction {identifier}" for identifier in self.cluster._open]
        for service, inputs in self._inputs.items():
            committed = self.cluster.group(service).committed
            for partition in inputs:
                handled = committed.get(partition, 0)
                if handled < self.cluster.stable_end(partition):
                    records = self.cluster.read(partition, handled)
                    found += [f"{service} has not handled {record.origin}" for record in records]
        owned = Counter(
            (process.service, number)
            for process in self.processes.values()
            for number in process.loop.assigned_partitions
        )
        places = [(service, number) for service in self.processors for number in range(PARTITIONS)]
        found += [
            f"partition {number} of {service} is owned {owned[service, number]} times"
            for service, number in places
            if owned[service, number] != 1
        ]
        for process in self.processes.values():
            for number, store in process.loop._restorer.stores.items():
                due = store.next_due_ms()
                if due is not None and due <= (self.now - timedelta(seconds=2)).timestamp() * 1000:
                    found.append(f"{process.service} has timers due in partition {number}")
        return found

    def _progress(self) -> int:
        return sum(map(len, self._entries))

    # -- faults --------------------------------------------------------------------------------------------------

    def _interrupt(self, process: SimulatedProcess, effect: str, fault: Fault) -> None:
        self.happened.append(f"  … {process.transactional_id}, before {effect}: {fault}")
        match fault:
            case Fault.KILL:
                raise Killed(effect)
            case Fault.DOUBT:
                _fail(effect)
            case Fault.OVERTAKEN | Fault.TRANSACTION_TIMEOUT | Fault.TWIN:
                self._replace(process, fault)
            case Fault.BROKER_AWAY:
                self.cluster.available = False
            case Fault.INPUT:
                self.on_input()
            case Fault.OTHERS:
                self._others_run(process, 1)
            case Fault.TIME:
                self.pass_time(timedelta(hours=1))
                process.clock.set(self.now + process.skew)

    def _replace(self, process: SimulatedProcess, fault: Fault) -> None:
        """Another does the work of ``process``, which then goes on as if nothing had happened."""
        if fault is Fault.TWIN:
            self.start(process.service, process.slot)
            for _ in range(3):
                self.run(process.service, process.slot)
            return
        if fault is Fault.TRANSACTION_TIMEOUT:
            self.time_out_transaction(process.transactional_id)
        process.expire()
        self._others_run(process, 3)

    def _others_run(self, process: SimulatedProcess, passes: int) -> None:
        for slot in SLOTS:
            if (process.service, slot) not in self.processes:
                self.start(process.service, slot)
        for _ in range(passes):
            for other in list(self.processes.values()):
                if other.service == process.service and other is not process:
                    self.run_process(other)

    def _new_directory(self) -> Path:
        self._directories += 1
        return self._root / f"disk-{self._directories}"


def _fail(effect: str) -> None:
    if effect in _IN_TRANSACTION:
        raise TransactionDoubt(f"no answer to {effect}")
    if effect not in _CANNOT_FAIL:
        raise BrokerUnavailable(f"no answer to {effect}")


def partition_of(key: bytes) -> int:
    """Where the memory broker files a key."""
    return zlib.crc32(key) % PARTITIONS
