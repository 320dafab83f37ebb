"""What the bus promises about its cases, clocks and messages, read off the committed topics as plain JSON."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.events import ids, topics
from shared.events.received import ComplaintSubmitted
from tests.simulation.invariants import check_offsets, check_state, check_unique_ids, dead_letters, fold_changelog
from tests.simulation.world import World

if TYPE_CHECKING:
    from tests.simulation.bus_history import BusHistory, Written

_TOLD = {
    "complaint.registered.v1": "acknowledgement",
    "complaint.resolved.v1": "result",
    "complaint.withdrawal_registered.v1": "withdrawal_confirmed",
    "complaint.reopened.v1": "reopened",
    "complaint.message_refused.v1": "message_refused",
}
_TERMINAL = ("sla.met.v1", "sla.breached.v1", "sla.cancelled.v1")
_NEVER = frozenset({"unhandled", "missing_header", "bad_header", "blank_id", "unknown_type", "empty_value", "schema"})


class Fact(NamedTuple):
    """One committed record."""

    type: str
    id: str
    case: str
    said: dict[str, Any]
    at: str
    """``ce_time``: the writer's clock."""
    partition: int
    offset: int


def check(history: BusHistory) -> None:
    """AssertionError names the first broken promise."""
    world = history.world
    check_offsets(world)
    queues = [topics.department_topic(name) for name in _departments(world)]
    outputs = [topics.LIFECYCLE, topics.SLA_EVENTS, topics.NOTIFICATION_REQUESTS, topics.NOTIFICATION_EVENTS, *queues]
    check_unique_ids(world, outputs)
    log = _read(world, topics.LIFECYCLE)
    _check_sequences(log)
    _check_answers(log)
    _check_submissions(history, log)
    _check_dispatches(world, log, queues)
    _check_inputs_accounted_for(history, log)
    clocks = _read(world, topics.SLA_EVENTS)
    _check_clocks(world, clocks, log)
    _check_messages(world, log, clocks)
    for service in world.processors:
        check_state(world, service, fold_changelog(world, service))


def _departments(world: World) -> list[str]:
    inputs = world.processors["router"].input_topics
    return [topics.department_of_updates_topic(topic) for topic in inputs if topic != topics.RECEIVED]


def _read(world: World, topic: str) -> list[Fact]:
    found = []
    for record in world.cluster.records(topic):
        headers = {name: value.decode() for name, value in record.headers}
        assert record.key is not None
        said = json.loads(record.value or b"null")
        identifier, case, at = headers["ce_id"], record.key.decode(), headers["ce_time"]
        found.append(Fact(headers["ce_type"], identifier, case, said, at, record.partition, record.offset))
    return found


def _by_case(facts: Iterable[Fact]) -> dict[str, list[Fact]]:
    cases: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        cases[fact.case].append(fact)
    return cases


# -- cases -----------------------------------------------------------------------------------------------------------


def _check_sequences(log: list[Fact]) -> None:
    for case, entries in _by_case(log).items():
        sequences = [entry.said["sequence"] for entry in entries]
        assert sequences == list(range(1, len(entries) + 1)), f"{case}: sequence {sequences}"


def _check_answers(log: list[Fact]) -> None:
    """Nobody says whether it is solved, or reopens the case, before it was resolved."""
    resolved_at = {
        (entry.case, entry.said["cycle"]): _instant(entry.said["happened_at"])
        for entry in log
        if entry.type == "complaint.resolved.v1"
    }
    back = {"complaint.called_back.v1": 0, "complaint.reopened.v1": 1}
    for entry in log:
        if entry.type in back:
            asked_from = resolved_at[entry.case, entry.said["cycle"] - back[entry.type]]
            assert asked_from <= _instant(entry.said["happened_at"]), f"{entry.case}: {entry.type} too early"


def _check_submissions(history: BusHistory, log: list[Fact]) -> None:
    """Registered once; each repeat dropped and counted; other content under the same key kept as a dead letter."""
    kinds = Counter((entry.case, entry.type) for entry in log)
    refused = dead_letters(history.world, topics.dead_letter_topic("router"))
    submissions: dict[str, list[Written]] = defaultdict(list)
    for written in history.written:
        if isinstance(written.event, ComplaintSubmitted):
            submissions[written.case].append(written)
    assert {case for case, kind in kinds if kind == "complaint.registered.v1"} == submissions.keys()
    for case, sent in submissions.items():
        assert kinds[case, "complaint.registered.v1"] == 1, "registered twice"
        same = [each for each in sent if _digest(each) == _digest(sent[0])]
        assert kinds[case, "complaint.duplicate_dropped.v1"] == len(same) - 1, "duplicates not counted"
        kept = {each.place for each in sent if each.place in refused}
        assert kept == {each.place for each in sent if each not in same}, "a different submission was lost"


def _digest(written: Written) -> str:
    assert isinstance(written.event, ComplaintSubmitted)
    return written.event.complaint.content_digest


def _check_dispatches(world: World, log: list[Fact], queues: list[str]) -> None:
    """Every assignment of the case log lies in its department's queue once, and nothing else does."""
    said = Counter(
        (topics.department_topic(task["department"]), task["assignment_id"])
        for entry in log
        if entry.type == "complaint.dispatched.v1"
        for task in entry.said["assignments"]
    )
    handed_over = Counter(
        (queue, fact.said["assignment"]["assignment_id"])
        for queue in queues
        for fact in _read(world, queue)
        if fact.type == "assignment.dispatched.v1"
    )
    assert said == handed_over, "the case log and the departments' queues differ"
    assert all(count == 1 for count in said.values()), "dispatched twice"


def _check_inputs_accounted_for(history: BusHistory, log: list[Fact]) -> None:
    """Every message and update is in the case log, or a dead letter with a reason that fits; never both or neither."""
    world = history.world
    letters = [topics.dead_letter_topic("router"), *map(topics.department_dead_letter_topic, _departments(world))]
    refused = {place: value for letter in letters for place, value in dead_letters(world, letter).items()}
    garbage = {each.place for each in history.written if each.is_garbage}
    groups: dict[str, list[Written]] = defaultdict(list)
    for written in history.written:
        if written.place in refused:
            assert refused[written.place] == written.value, "a dead letter was altered"
        if not isinstance(written.event, ComplaintSubmitted) and not written.is_garbage:
            groups[written.record_id].append(written)
    assert garbage <= refused.keys(), "garbage vanished"
    for record_id, group in groups.items():
        caused = any(
            entry.id == ids.event_id(record_id, entry.type, f"{entry.case}/{entry.said['sequence']}") for entry in log
        )
        dead = sum(each.place in refused for each in group)
        assert dead == len(group) - caused, f"{record_id}: in the log {caused}, refused {dead} of {len(group)}"
    _check_reasons(world, letters, garbage)
    unreadable = {place for place in garbage if place[0] == topics.RECEIVED}
    assert dead_letters(world, topics.dead_letter_topic("sla")).keys() == unreadable, "the SLA service refused"
    assert not dead_letters(world, topics.dead_letter_topic("notifier")), "the notifier refused something"


def _check_reasons(world: World, letters: list[str], garbage: set[tuple[str, int, int]]) -> None:
    unfit = _NEVER if world.ever_behind else _NEVER | {"future_time"}
    for record in (record for letter in letters for record in world.cluster.records(letter)):
        headers = {name: value.decode() for name, value in record.headers}
        place = headers["dlq_topic"], int(headers["dlq_partition"]), int(headers["dlq_offset"])
        assert place in garbage or headers["dlq_reason"] not in unfit, f"refused as {headers['dlq_reason']}"


# -- clocks ----------------------------------------------------------------------------------------------------------


def _check_clocks(world: World, clocks: list[Fact], log: list[Fact]) -> None:
    by_clock: dict[tuple[str, int, str], list[Fact]] = defaultdict(list)
    for fact in clocks:
        by_clock[fact.case, fact.said["cycle"], fact.said["clock"]].append(fact)
    held = _on_hold(log)
    for clock, facts in by_clock.items():
        _check_clock(clock, facts, on_hold=bool(held[clock[:2]]))
        _check_moved_by_no_late_hold(clock, facts, log)
    for entry in log:
        stops = {"complaint.registered.v1": "registration", "complaint.resolved.v1": "resolution"}.get(entry.type)
        if stops is not None:
            _check_stopped(world, entry, by_clock[entry.case, entry.said["cycle"], stops])


def _on_hold(log: list[Fact]) -> dict[tuple[str, int], set[str]]:
    """Assignments whose hold nobody ended, by case and cycle: its pausable clocks rightly run for ever.

    Not where the department only helps, and not where life or health is at risk: there nobody waits.
    """
    held: dict[tuple[str, int], set[str]] = defaultdict(set)
    helping, critical = set[str](), set[str]()
    for entry in log:
        said = entry.said
        match entry.type:
            case "complaint.assessed.v1" if said["classification"]["severity"] == "critical":
                critical.add(entry.case)
            case "complaint.dispatched.v1":
                helping |= {one["assignment_id"] for one in said["assignments"] if not one.get("mandatory", True)}
            case "complaint.held.v1":
                held[entry.case, said["cycle"]].add(said["assignment_id"])
            case "complaint.resumed.v1":
                holds = held[entry.case, said["cycle"]]
                assert said["assignment_id"] in holds, f"{entry.case}: resumed what was not on hold"
                holds.remove(said["assignment_id"])
            case "complaint.resolved.v1":
                held[entry.case, said["cycle"]].clear()  # with the lead's answer every hold ends
    for place in held:
        held[place] = set() if place[0] in critical else held[place] - helping
    return held


def _check_clock(clock: tuple[str, int, str], facts: list[Fact], *, on_hold: bool) -> None:
    """Armed first, one terminal event (none as yet while the case is on hold), none of it early."""
    assert facts[0].type == "sla.armed.v1", f"{clock}: not armed first"
    ends = [fact for fact in facts if fact.type in _TERMINAL]
    warned = [fact.said["level"] for fact in facts if fact.type == "sla.warned.v1"]
    assert len(warned) == len(set(warned)), f"{clock}: warned twice"
    if on_hold and not ends:
        return
    assert len(ends) == 1, f"{clock}: ended as {[fact.type for fact in ends]}"
    (end,) = ends
    due_by = _instant(end.said["due_by"])
    match end.type:
        case "sla.met.v1":
            assert _instant(end.said["stopped_at"]) <= due_by, f"{clock}: met too late"
        case "sla.breached.v1":
            assert _instant(end.at) >= due_by, f"{clock}: breached before it was due"
            assert _instant(end.said["detected_at"]) >= due_by, f"{clock}: breached before it was due"
        case _:
            assert _instant(end.said["cancelled_at"]) <= due_by, f"{clock}: cancelled although it was missed"
    corrections = [fact for fact in facts if fact.type == "sla.corrected.v1"]
    assert len(corrections) <= 1, f"{clock}: corrected twice"
    assert all(fact.said["corrects_event_id"] == end.id for fact in corrections), f"{clock}: corrects another breach"


def _check_moved_by_no_late_hold(clock: tuple[str, int, str], facts: list[Fact], log: list[Fact]) -> None:
    """A breach is corrected by a later deadline only where a hold had been reported before the one that was missed."""
    breach = next((fact for fact in facts if fact.type == "sla.breached.v1"), None)
    for correction in (fact for fact in facts if fact.type == "sla.corrected.v1"):
        assert breach is not None
        missed = _instant(breach.said["due_by"])
        reported = (
            _instant(entry.said["reported_at"])
            for entry in log
            if entry.type == "complaint.held.v1" and (entry.case, entry.said["cycle"]) == clock[:2]
        )
        moved = _instant(correction.said["due_by"]) > missed
        assert not moved or any(at < missed for at in reported), f"{clock}: corrected by a late hold"


def _check_stopped(world: World, entry: Fact, facts: list[Fact]) -> None:
    """A fact of the case log that stops a clock decides how it ended."""
    end = next(fact for fact in facts if fact.type in _TERMINAL)
    happened_at, due_by = _instant(entry.said["happened_at"]), _instant(end.said["due_by"])
    corrected = any(fact.type == "sla.corrected.v1" for fact in facts)
    in_time = end.type == "sla.met.v1" or corrected
    assert end.type != "sla.cancelled.v1", f"{entry.type}: its clock was cancelled"
    assert in_time or happened_at > due_by, f"{entry.type}: in time, but breached"
    assert corrected or not in_time or happened_at <= due_by, f"{entry.type}: late, but met"
    if corrected and happened_at <= due_by:
        known_by = _instant(end.said["detected_at"]) - world.most_ahead
        assert not _could_be_read(world, entry, known_by), f"{entry.type}: could be read when its clock was breached"


def _could_be_read(world: World, entry: Fact, by: datetime) -> bool:
    """True when the case log told ``entry`` at some instant before ``by``, as far as time was noted."""
    return any(at < by and entry.offset < ends[entry.partition] for at, ends in world.case_log_ends)


# -- messages --------------------------------------------------------------------------------------------------------


def _which(fact: Fact) -> str | None:
    """Of which clock a notice is, or of which kind of refusal a letter: of each there is one."""
    if fact.type == "complaint.message_refused.v1":
        return f"{fact.said['message']}/{fact.said['reason']}/{fact.said.get('safety', False)}"
    return fact.said.get("clock")


def _check_messages(world: World, log: list[Fact], clocks: list[Fact]) -> None:
    """Per case one message, or one reason for none, for each (cycle, template, clock) there was cause for."""
    expected = {
        (entry.case, entry.said["cycle"], _TOLD[entry.type], _which(entry)) for entry in log if entry.type in _TOLD
    }
    for fact in clocks:
        template = {"sla.breached.v1": "breach_notice", "sla.corrected.v1": "breach_corrected"}.get(fact.type)
        if template is not None:
            expected.add((fact.case, fact.said["cycle"], template, fact.said["clock"]))
    causes = {fact.id: _which(fact) for fact in (*log, *clocks)}
    requests = _read(world, topics.NOTIFICATION_REQUESTS)
    told = Counter(
        (fact.case, fact.said["cycle"], fact.said["template"], causes[fact.said["cause_event_id"]]) for fact in requests
    )
    assert all(count == 1 for count in told.values()), "told twice"
    skipped = Counter(
        (fact.case, fact.said["cycle"], fact.said["template"]) for fact in _read(world, topics.NOTIFICATION_EVENTS)
    )
    assert told.keys() <= expected, "told without a cause"
    untold = Counter((case, cycle, template) for case, cycle, template, _ in expected - told.keys())
    assert untold == skipped, "neither told nor a reason why not"


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
