"""A history of the three processors together: router, SLA and the notifier's composer, wired as shipped."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from services.notifier.adapters.config_files import load_departments as load_notified_departments
from services.notifier.bootstrap import correspondence_policy
from services.notifier.composer import Composer
from services.notifier.settings import NotifierSettings
from services.router.adapters.config_files import load_departments
from services.router.bootstrap import build_processor
from services.router.settings import RouterSettings
from services.sla.adapters.config_files import load_calendars, load_policy
from services.sla.processor import SlaProcessor
from shared.events import ids, topics
from shared.events.base import Event
from shared.events.complaint import Complainant, Complaint, Narrative
from shared.events.departments import Action
from shared.events.received import ComplaintSubmitted
from shared.events.registry import encode
from shared.processing import Processor
from shared.streaming.records import ProducerRecord
from tests.simulation.world import PARTITIONS, World, partition_of

CONFIG = Path(__file__).parents[2] / "deploy" / "config"
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
TEXTS = (
    "洗衣机收到时已破损，客服一直不处理，要求退款。",
    "The kettle gave me an electric shock and my hand is burnt.",
    "快递一直没有送到，物流没有更新。",
)
_GARBAGE = b"{"


def _cases() -> list[str]:
    numbered = (ids.complaint_id("web", f"simulated {number}") for number in itertools.count())
    first = next(numbered)
    other = next(case for case in numbered if partition_of(case.encode()) != partition_of(first.encode()))
    return [first, other, next(numbered)]


CASES = _cases()


@cache
def departments() -> tuple[str, ...]:
    """Ids of the shipped departments."""
    return tuple(sorted(load_departments(CONFIG).ids))


@cache
def processors() -> dict[str, Processor[Any]]:
    """The three, pure and shared by all histories: what they remember is in their state."""
    calendars = load_calendars(CONFIG / "calendars")
    policy = correspondence_policy(
        NotifierSettings(development=True, config_dir=CONFIG),
        load_notified_departments(CONFIG / "departments.yaml").triage.id,
    )
    return {
        "router": build_processor(RouterSettings(config_dir=CONFIG)),
        "sla": SlaProcessor(load_policy(CONFIG / "sla" / "policy.yaml", calendars), calendars),
        "notifier": Composer(policy),
    }


@cache
def partitions() -> dict[str, int]:
    """Every topic of the bus."""
    return {topic.name: PARTITIONS for topic in topics.bus_topics(departments())}


@dataclass(frozen=True, slots=True)
class Written:
    """One input, as it was accepted."""

    event: Event
    case: str
    record_id: str
    value: bytes
    place: tuple[str, int, int]

    @property
    def is_garbage(self) -> bool:
        """True when nobody can read it."""
        return self.value == _GARBAGE


class BusHistory:
    """One history of some of ``CASES``, with up to two processes of each service."""

    def __init__(self, root: Path, seed: int, cases: Sequence[str] = CASES) -> None:
        self.world = World(processors(), partitions(), START, root, seed)
        self.cases = cases
        self.written: list[Written] = []
        self.last_reported: dict[tuple[str, str], Action] = {}
        """By case and department."""
        self._numbers = itertools.count(1)

    def write(
        self, topic: str, event: Event, case: str, *, record_id: str | None = None, garbage: bool = False
    ) -> None:
        """Somebody writes a record about a case."""
        record_id = record_id or f"input-{next(self._numbers)}"
        at = self.world.now
        value, headers = encode(event, event_id=record_id, source="/test", subject=case, time=at, traceparent=None)
        if garbage:
            value = _GARBAGE
        place = self.world.write(ProducerRecord(topic, case.encode(), value, headers))
        what = getattr(event, "action", event.event_type)
        self.world.happened.append(f"{at:%d %H:%M:%S.%f} {record_id}: {what} of {case[:4]} lies at {place}")
        if place is not None:
            self.written.append(Written(event, case, record_id, value, place))

    def submit(self, case: str, digest: str, **changes: Any) -> None:
        """A submission of a complaint."""
        event = ComplaintSubmitted(complaint=_complaint(case, digest, self.world.now))
        self.write(topics.RECEIVED, event, case, **changes)

    def repeat(self, which: Written) -> None:
        """The same event once more, as a writer does who got no answer."""
        self.write(which.place[0], which.event, which.case, record_id=which.record_id, garbage=which.is_garbage)

    def at_work_on(self, case: str) -> list[str]:
        """Departments that were given the case, as the case log tells."""
        found: list[str] = []
        for record in self.world.cluster.records(topics.LIFECYCLE):
            if record.key == case.encode() and (b"complaint.dispatched.v1" in dict(record.headers).values()):
                decision = json.loads(record.value or b"{}")["decision"]
                found += [decision["lead"], *decision.get("co_handlers", ())]
        return found

    def finish(self, pauses_days: Sequence[int] = (60, 1, 60, 1)) -> None:
        """Faults stop, all deadlines pass, everything drains."""
        self.world.heal()
        self.world.drain()
        for days in pauses_days:
            self.world.happened.append(f"{days} days go by")
            self.world.pass_time(timedelta(days=days))
            self.world.drain()
        self.world.rest()


def _complaint(case: str, digest: str, at: datetime) -> Complaint:
    number = CASES.index(case)
    return Complaint(
        complaint_id=case,
        ticket_number=ids.ticket_number(case, START),
        channel="web",
        channel_message_id=f"simulated {number}",
        content_digest=digest,
        received_at=START,
        ingested_at=at,
        complainant=Complainant(name="Test Person", email="person@example.com", anonymous=number == 2),
        narrative=Narrative(text=TEXTS[number]),
    )
