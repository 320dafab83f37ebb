"""Histories of the engine alone: the tiny counter of the engine's tests, run by the engine's own loop.

What must come out is computed here from what was written, without the engine.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Any

from shared.events import topics
from shared.events.ids import complaint_id, event_id
from shared.events.lifecycle import ComplaintClosed, UrgeRegistered
from shared.events.received import ComplaintUrged, ComplaintWithdrawn, SurveyAnswered
from shared.events.registry import decode, encode
from shared.streaming.records import ProducerRecord
from tests.component.engine.harness import START, TOPICS, Count, Counter
from tests.simulation.choices import Choices
from tests.simulation.disks import disks
from tests.simulation.invariants import check_offsets, check_state, check_unique_ids, dead_letters, fold_changelog
from tests.simulation.process import TIMER_GRACE
from tests.simulation.world import World, partition_of

PATIENCE = timedelta(hours=1)
"""How long after the last urge the counter closes a case."""


def _cases() -> list[str]:
    """Three invented cases, at least one in each partition."""
    numbered = (complaint_id("web", f"counted case {number}") for number in itertools.count())
    first = next(numbered)
    other = next(case for case in numbered if partition_of(case.encode()) != partition_of(first.encode()))
    return [first, other, next(numbered)]


CASES = _cases()


class Kind(StrEnum):
    """What is written to the counter."""

    URGE = "urge"
    WITHDRAWAL = "withdrawal"
    SURVEY = "survey"
    GARBAGE = "garbage"


_KINDS = tuple(Kind)
_REFUSED = (Kind.SURVEY, Kind.GARBAGE)


@dataclass(frozen=True, slots=True)
class Written:
    """One input, as it was accepted. ``written_at`` is world time, ``at`` what the record says."""

    kind: Kind
    case: str
    record_id: str
    at: datetime
    written_at: datetime
    value: bytes
    place: tuple[str, int, int]


class CounterHistory:
    """One history of up to two counters."""

    def __init__(self, root: Path, seed: int) -> None:
        self.world = World({"counter": Counter()}, TOPICS, START, root, seed)
        self.written: list[Written] = []
        self._numbers = itertools.count(1)

    def write(self, kind: Kind, case: str, delay: timedelta) -> None:
        """Something is said about a case; it took ``delay`` until it was on the log."""
        number = next(self._numbers)
        written_at = self.world.now
        at = written_at - delay + timedelta(microseconds=number)
        record_id = f"input-{number}"
        value, headers = encode(
            _event(kind, case, at), event_id=record_id, source="/test", subject=case, time=at, traceparent=None
        )
        if kind is Kind.GARBAGE:
            value = b"{"
        place = self.world.write(ProducerRecord(topics.RECEIVED, case.encode(), value, headers))
        self.world.happened.append(f"{written_at:%d %H:%M:%S.%f} {record_id}: {kind} of {case[:4]} lies at {place}")
        if place is not None:
            self.written.append(Written(kind, case, record_id, at, written_at, value, place))

    def finish(self) -> None:
        """Faults stop, time goes by, everything drains; then every promise must have been kept."""
        self.world.heal()
        self.world.drain()
        self.world.pass_time(timedelta(hours=3))
        self.world.drain()
        self.world.rest()
        self.check()

    def check(self) -> None:
        """AssertionError names the first broken promise."""
        check_offsets(self.world)
        check_unique_ids(self.world, [topics.LIFECYCLE])
        refused = {each.place: each.value for each in self.written if each.kind in _REFUSED}
        assert dead_letters(self.world, topics.dead_letter_topic("counter")) == refused, "dead letters"
        log: dict[str, list[tuple[str, Any]]] = {case: [] for case in CASES}
        for record in self.world.cluster.records(topics.LIFECYCLE):
            envelope, event = decode(record.headers, record.value)
            log[envelope.subject].append((envelope.id, event))
        for case in CASES:
            self._check_case([each for each in self.written if each.case == case], log[case])
        self._check_state()

    def _check_case(self, inputs: list[Written], log: list[tuple[str, Any]]) -> None:
        urges = [each for each in inputs if each.kind is Kind.URGE]
        registered = [(identifier, event) for identifier, event in log if isinstance(event, UrgeRegistered)]
        expected = [event_id(urge.record_id, UrgeRegistered.event_type) for urge in urges]
        assert [identifier for identifier, _ in registered] == expected, "urges lost, repeated or out of order"
        assert [event.urge_count for _, event in registered] == list(range(1, len(urges) + 1)), "counts not gapless"
        pending: Written | None = None
        for _, event in log:
            if isinstance(event, UrgeRegistered):
                pending = urges[event.urge_count - 1]
                continue
            assert isinstance(event, ComplaintClosed)
            assert pending is not None, "closed twice, or before any urge"
            assert event.happened_at == pending.at + PATIENCE, "closed for an urge that was not the last"
            self._check_not_too_early(pending, inputs)
            pending = None
        decisive = [each for each in inputs if each.kind not in _REFUSED]
        assert not decisive or decisive[-1].kind is not Kind.URGE or pending is None, "a case was never closed"

    def _check_not_too_early(self, urge: Written, inputs: list[Written]) -> None:
        """Nothing that moves the timer lay on the log already when it was due, as far as clocks can be trusted."""
        known_by = urge.at + PATIENCE + TIMER_GRACE - self.world.most_ahead
        later = [each for each in inputs if each.place[2] > urge.place[2] and each.kind not in _REFUSED]
        assert not later or later[0].written_at >= known_by, "closed although the log said otherwise by then"

    def _check_state(self) -> None:
        folded = fold_changelog(self.world, "counter")
        check_state(self.world, "counter", folded)
        counted = {case: sum(w.case == case and w.kind is Kind.URGE for w in self.written) for case in CASES}
        decided = {each.case for each in self.written if each.kind not in _REFUSED}
        states = {key.decode(): Count.model_validate_json(value) for key, value in folded.items()}
        assert {case: state.urges for case, state in states.items()} == {case: counted[case] for case in decided}
        assert all(state.close_at is None for state in states.values())


def _event(kind: Kind, case: str, at: datetime) -> ComplaintUrged | ComplaintWithdrawn | SurveyAnswered:
    if kind is Kind.WITHDRAWAL:
        return ComplaintWithdrawn(complaint_id=case, received_at=at)
    if kind is Kind.SURVEY:
        return SurveyAnswered(complaint_id=case, received_at=at, cycle=1, solved=True)
    return ComplaintUrged(complaint_id=case, received_at=at)


def draw_input(history: CounterHistory, random: Random) -> None:
    """Some input."""
    (kind,) = random.choices(_KINDS, (70, 20, 6, 4))
    delay = timedelta(minutes=random.choice((0, 0, 0, 7, 61)))
    history.write(kind, random.choice(CASES), delay)


def play(seed: int, root: Path, happened: list[str], *, sqlite: bool = False) -> None:
    """The history of ``seed``, to its end, told in ``happened``; AssertionError when a promise was broken."""
    history = CounterHistory(root, seed)
    history.world.happened = happened
    choices = Choices(
        seed, history.world, furthest_effect=16, longest_pause=timedelta(hours=2), batches=(1, 2, 5, 1000)
    )
    history.world.on_input = lambda: draw_input(history, choices.random)
    with disks(history.world.about_to, sqlite=sqlite):
        choices.begin(choices.random.randint(1, 4))
        choices.steps(choices.random.randint(5, 25))
        history.finish()
