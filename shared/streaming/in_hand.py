"""What is being worked on, noted on disk once it takes too long: what ended a process once must not end the next.

A reducer that hangs cannot be interrupted. The group puts the member out, or ``/live`` has it killed, and whoever
works on that record next hangs on it, too. So what takes longer than a set time is noted beside the state; met again
before it was committed, a record becomes a dead letter and a timer is set aside, and all others get on. Each member has
its own note: what costs a process does so once per member that meets it.

Measured is the processor's time of the thread, not the clock's: a reducer waits for nothing, while a process that was
paused, or has a busy machine, is slow with whatever innocent record it has in hand.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from shared.observability.logging import get_logger
from shared.observability.metrics import product_version
from shared.streaming.records import TopicPartition

_LOG = get_logger()
_LOOKS_PER_LIMIT: Final = 4
TIMER: Final = "timer"
"""Stands in for the topic where it is a timer that takes so long."""


class Place(NamedTuple):
    """A record by its offset, or a timer (``TIMER``) by its key."""

    topic: str
    partition: int
    offset: int = -1
    key: str = ""


class InHand:
    """One per loop. Only ``look`` may be called from another thread."""

    def __init__(self, file: Path, limit_seconds: float, used_seconds: Callable[[], float] | None = None) -> None:
        """``file`` may be missing or spoilt: then nothing is known of before.

        ``used_seconds``: the work done so far; without it, processor time of the thread that calls ``begin`` first.
        """
        self.limit_seconds = limit_seconds
        self._file = file
        self._clock = used_seconds
        self._lock = threading.Lock()
        self._current: tuple[Place, float] | None = None
        self._slow = _read(file)

    def was_slow(self, place: Place) -> bool:
        """Whether this took too long before, and was not committed since."""
        return bool(self._slow) and place in self._slow

    def begin(self, place: Place) -> None:
        """It is worked on from now on."""
        if self._clock is None:
            self._clock = _processor_time_of_this_thread()
        self._current = place, self._clock()

    def end(self) -> None:
        """It is done, however it ended. What took too long may have cost the membership, so it is noted here, too."""
        self.look()
        self._current = None

    def look(self) -> None:
        """Note what is in hand if it is for too long."""
        current = self._current
        if current is None or self._clock is None or self._clock() - current[1] < self.limit_seconds:
            return
        with self._lock:
            if current[0] not in self._slow:
                self._keep(self._slow | {current[0]})
                _LOG.error("takes_too_long", **_fields(current[0]), limit=self.limit_seconds)

    def committed(self, offsets: Mapping[TopicPartition, int], fired: Collection[tuple[int, bytes]]) -> None:
        """Forget what is done for good: records before the next ``offsets``, timers that ``fired``, by their keys."""
        if not self._slow:
            return
        with self._lock:
            done = {place for place in self._slow if _is_done(place, offsets, fired)}
            if done:
                self._keep(self._slow - done)

    def watch(self, stopping: threading.Event) -> None:
        """Look now and then, until ``stopping``; runs in a thread, since who hangs cannot look."""
        while not stopping.wait(self.limit_seconds / _LOOKS_PER_LIMIT):
            self.look()

    def _keep(self, slow: frozenset[Place]) -> None:
        """A disk that takes nothing makes nobody stop: it is only known in this process then."""
        self._slow = slow
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            written = self._file.with_suffix(".new")
            written.write_text(json.dumps([product_version(), sorted(slow)]), encoding="utf-8")
            written.replace(self._file)
        except OSError as error:
            _LOG.warning("not_noted_on_disk", file=str(self._file), error=error)


def _processor_time_of_this_thread() -> Callable[[], float]:
    """To be asked for from any thread, while this one lives; the clock's time where the system does not tell."""
    if not hasattr(time, "pthread_getcpuclockid"):
        return time.monotonic
    return partial(time.clock_gettime, time.pthread_getcpuclockid(threading.get_ident()))


def _is_done(place: Place, offsets: Mapping[TopicPartition, int], fired: Collection[tuple[int, bytes]]) -> bool:
    if place.topic == TIMER:
        return (place.partition, place.key.encode()) in fired
    return place.offset < offsets.get(TopicPartition(place.topic, place.partition), 0)


def _fields(place: Place) -> dict[str, object]:
    where: dict[str, object] = {"topic": place.topic, "partition": place.partition}
    return where | ({"complaint_id": place.key} if place.topic == TIMER else {"offset": place.offset})


def _read(file: Path) -> frozenset[Place]:
    """What was noted by the code of this version; another one may be quicker."""
    try:
        version, found = json.loads(file.read_text(encoding="utf-8"))
        if version != product_version():
            return frozenset()
        return frozenset(Place(str(topic), int(number), int(at), str(key)) for topic, number, at, key in found)
    except (OSError, ValueError, TypeError):
        return frozenset()
