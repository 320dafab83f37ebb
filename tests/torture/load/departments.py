"""Stand-ins for all departments: they read their queues and report work on a share of the cases.

What is done about an assignment depends on the seed and the assignment's id alone. Some answer in time, some late,
some never, some hand back or wait for the complainant, so every way a clock can end occurs.
"""

from __future__ import annotations

import heapq
import json
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

from shared.events import ids, registry
from shared.events.decisions import Resolution
from shared.events.departments import Action, DepartmentUpdate
from shared.events.topics import PARTITIONS, department_topic, department_updates_topic

HOUR = timedelta(hours=1)
FLUSH_SECONDS = 20.0

BEHAVIOURS = {"silent": 5, "accepts": 3, "slow": 10, "good": 70, "returns": 5, "waits": 7}
"""Of a hundred assignments. Each late clock is a letter, and two cores send some thirty a second beside all else."""

CALL_BACK_SHARE = 0.8
"""Of resolved cases; of the others the call-back clock is breached."""


@dataclass(frozen=True)
class Step:
    """One report: what, and how long after the dispatch."""

    after: timedelta
    action: Action
    details: Mapping[str, Any] = field(default_factory=dict)


def plan_work(seed: int, assignment_id: str) -> list[Step]:
    """What the department will report about this assignment, in order of time."""
    chance = random.Random(f"{seed}/work/{assignment_id}")
    behaviour = chance.choices(list(BEHAVIOURS), weights=list(BEHAVIOURS.values()))[0]
    first = chance.uniform(0.5, 20) * HOUR
    match behaviour:
        case "silent":
            return []
        case "accepts":
            return [Step(first, Action.ACCEPT)]
        case "returns":
            return [Step(first, Action.RETURN, {"reason": "not_ours"})]
        case "slow":
            late = first + chance.uniform(20, 120) * HOUR
            return [Step(first, Action.ACCEPT), Step(late, Action.CONTACT)]
        case "waits":
            resumed = first + chance.uniform(4, 48) * HOUR
            return [
                Step(first, Action.CONTACT),
                Step(first + HOUR, Action.HOLD, {"reason": "waiting_for_complainant"}),
                Step(resumed, Action.RESUME),
                *_resolution(chance, resumed),
            ]
        case _:
            return [Step(first, Action.ACCEPT), Step(first + HOUR, Action.CONTACT), *_resolution(chance, first)]


def _resolution(chance: random.Random, begin: timedelta) -> list[Step]:
    found = begin + chance.uniform(2, 30) * HOUR
    resolved = found + chance.uniform(2, 96) * HOUR
    answer = Resolution(
        status="refund granted", cause="a fault in the batch", measures="refund; the batch is withdrawn"
    )
    steps = [
        Step(found, Action.PROGRESS, {"preliminary_finding": True}),
        Step(resolved, Action.RESOLVE, {"resolution": answer}),
    ]
    if chance.random() < CALL_BACK_SHARE:
        called = resolved + chance.uniform(1, 100) * HOUR
        steps.append(Step(called, Action.CALL_BACK, {"solved": chance.random() < 0.8}))
    return steps


@dataclass(order=True)
class _Due:
    at: datetime
    order: int
    department: str = field(compare=False)
    complaint_id: str = field(compare=False)
    step: Step = field(compare=False)


class Departments:
    """One thread that plays all departments; use as ``start`` … ``stop``."""

    def __init__(self, seed: int, bootstrap: str, departments: Sequence[str], now: Callable[[], datetime]) -> None:
        self._seed = seed
        self._now = now
        self._departments = {department_topic(department): department for department in departments}
        self._due: list[_Due] = []
        self._planned = 0
        self.reported = 0
        self.unconfirmed = 0
        self._stopping = threading.Event()
        self._consumer = Consumer(_reader_settings(bootstrap))
        self._producer = Producer(_writer_settings(bootstrap))
        self._thread = threading.Thread(target=self._run, name="departments", daemon=True)

    def start(self) -> None:
        """Read every queue from its start."""
        self._consumer.assign([TopicPartition(t, p, 0) for t in self._departments for p in range(PARTITIONS)])
        self._thread.start()

    def stop(self) -> None:
        """Finish what was written and report no more."""
        self._stopping.set()
        self._thread.join()
        self.unconfirmed += self._producer.flush(FLUSH_SECONDS)
        self._consumer.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            for message in self._consumer.consume(500, timeout=0.1):
                if message.error() is None:
                    self._plan(message)
            self._report(self._now())
            self._producer.poll(0)

    def _plan(self, message: Message) -> None:
        if dict(message.headers() or []).get("ce_type") != b"assignment.dispatched.v1":
            return
        task = json.loads(message.value() or b"")
        dispatched_at = datetime.fromisoformat(task["dispatched_at"])
        for step in plan_work(self._seed, task["assignment"]["assignment_id"]):
            self._planned += 1
            department = self._departments[message.topic() or ""]
            due = _Due(dispatched_at + step.after, self._planned, department, task["complaint"]["complaint_id"], step)
            heapq.heappush(self._due, due)

    def _report(self, now: datetime) -> None:
        while self._due and self._due[0].at <= now:
            due = heapq.heappop(self._due)
            update = DepartmentUpdate(
                complaint_id=due.complaint_id, action=due.step.action, happened_at=now, **due.step.details
            )
            value, headers = registry.encode(
                update,
                event_id=ids.event_id(due.complaint_id, update.event_type, f"{due.department}/{due.order}"),
                source=f"/departments/{due.department}",
                subject=due.complaint_id,
                time=now,
                traceparent=None,
            )
            self._producer.produce(
                department_updates_topic(due.department),
                value,
                due.complaint_id,
                headers=dict(headers),
                on_delivery=self._delivered,
            )

    def _delivered(self, error: KafkaError | None, _: Message) -> None:
        if error is None:
            self.reported += 1
        else:
            self.unconfirmed += 1


def _reader_settings(bootstrap: str) -> dict[str, Any]:
    return {
        "bootstrap.servers": bootstrap,
        "group.id": "torture-departments-unused",
        "enable.auto.commit": False,
        "isolation.level": "read_committed",
        "auto.offset.reset": "earliest",
        "log_level": 0,
    }


def _writer_settings(bootstrap: str) -> dict[str, Any]:
    return {
        "bootstrap.servers": bootstrap,
        "enable.idempotence": True,
        "partitioner": "murmur2_random",
        "delivery.timeout.ms": 120_000,
        "linger.ms": 20,
        "log_level": 0,
    }
