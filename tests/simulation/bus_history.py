"""Histories of the three processors together: router, SLA and the notifier's composer, wired as shipped.

Consumers submit, submit again, urge, withdraw and answer; departments report whatever comes to their mind.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
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
from shared.events.decisions import Resolution
from shared.events.departments import Action, DepartmentUpdate
from shared.events.received import (
    ComplaintSubmitted,
    ComplaintSupplemented,
    ComplaintUrged,
    ComplaintWithdrawn,
    SurveyAnswered,
)
from shared.events.registry import encode
from shared.streaming.processor import Processor
from shared.streaming.records import ProducerRecord
from tests.simulation.choices import Choices
from tests.simulation.disks import disks
from tests.simulation.world import PARTITIONS, World, partition_of

CONFIG = Path(__file__).parents[2] / "deploy" / "config"
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
LONGEST_PAUSE = timedelta(days=12)
TEXTS = (
    "洗衣机收到时已破损，客服一直不处理，要求退款。",
    "The kettle gave me an electric shock and my hand is burnt.",
    "快递一直没有送到，物流没有更新。",
)
ANSWER = Resolution(status="refund granted", cause="transport damage", measures="refunded in full")
_ACTIONS = tuple(Action)
_ACTION_WEIGHTS = {Action.RESOLVE: 5, Action.CONTACT: 3, Action.CALL_BACK: 3}
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
    """One history of up to two processes of each service."""

    def __init__(self, root: Path) -> None:
        self.world = World(processors(), partitions(), START, root)
        self.written: list[Written] = []
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

    def finish(self) -> None:
        """Faults stop, all deadlines pass, everything drains."""
        self.world.heal()
        self.world.drain()
        for days in (60, 1, 60, 1):
            self.world.pass_time(timedelta(days=days))
            self.world.drain()


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


# -- what is written, drawn ------------------------------------------------------------------------------------------


class Inputs:
    """Draws what consumers and departments write."""

    def __init__(self, history: BusHistory, random: Random) -> None:
        self._history = history
        self._random = random
        self._kinds = (
            (self.submission, 25),
            (self.message, 20),
            (self.update, 50),
            (self.repeated, 8),
            (self.noise, 2),
        )

    def draw(self) -> None:
        """One input."""
        (kind,) = self._random.choices([kind for kind, _ in self._kinds], [weight for _, weight in self._kinds])
        kind()

    def submission(self) -> None:
        """A complaint; now and then other content under the same key."""
        self._history.submit(self._random.choice(CASES), ("1" if self._random.random() < 0.08 else "0") * 64)

    def message(self) -> None:
        """The complainant says something about a case, known or not."""
        case, now = self._random.choice(CASES), self._history.world.now
        about: dict[str, Any] = {"complaint_id": case, "received_at": now}
        draw = self._random.random()
        event: Event
        if draw < 0.4:
            event = SurveyAnswered(**about, cycle=self._random.choice((1, 1, 2)), solved=self._random.random() < 0.4)
        elif draw < 0.6:
            event = ComplaintUrged(**about)
        elif draw < 0.8:
            event = ComplaintSupplemented(**about, narrative=Narrative(text="one more photo"))
        else:
            event = ComplaintWithdrawn(**about)
        self._history.write(topics.RECEIVED, event, case)

    def update(self) -> None:
        """A department reports; mostly one that has the case."""
        case = self._random.choice(CASES)
        at_work = self._history.at_work_on(case)
        department = self._random.choice(at_work if at_work and self._random.random() < 0.9 else departments())
        weights = [_ACTION_WEIGHTS.get(action, 2) for action in _ACTIONS]
        (action,) = self._random.choices(_ACTIONS, weights)
        event = DepartmentUpdate(
            complaint_id=case,
            action=action.value,
            happened_at=self._history.world.now - timedelta(hours=self._random.choice((0, 0, 0, 1, 30))),
            reason="simulated",
            suggested_department=self._random.choice((None, *departments())),
            preliminary_finding=self._random.random() < 0.5,
            resolution=ANSWER if action is Action.RESOLVE else None,
        )
        self._history.write(topics.department_updates_topic(department), event, case)

    def repeated(self) -> None:
        """Something once more."""
        if self._history.written:
            self._history.repeat(self._random.choice(self._history.written))

    def noise(self) -> None:
        """Bytes nobody can read."""
        case = self._random.choice(CASES)
        event = ComplaintUrged(complaint_id=case, received_at=self._history.world.now)
        topic = self._random.choice((topics.RECEIVED, topics.department_updates_topic(departments()[0])))
        self._history.write(topic, event, case, garbage=True)


def play(seed: int, root: Path, happened: list[str], *, sqlite: bool = False) -> None:
    """The history of ``seed``, to its end, told in ``happened``; AssertionError when a promise was broken."""
    from tests.simulation.bus_invariants import check  # reads Written

    history = BusHistory(root)
    history.world.happened = happened
    choices = Choices(seed, history.world, furthest_effect=30, longest_pause=LONGEST_PAUSE, batches=(3, 10, 1000))
    inputs = Inputs(history, choices.random)
    history.world.on_input = inputs.draw
    with disks(history.world.about_to, sqlite=sqlite):
        history.submit(CASES[0], "0" * 64)
        choices.begin(choices.random.randint(1, 3))
        choices.steps(choices.random.randint(15, 60))
        history.finish()
        check(history)
