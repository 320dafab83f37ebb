"""Everything that happened to one complaint, line by line in the order of the machine's clock. No personal data."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from tests.torture.check.history import History
from tests.torture.check.records import Record

_MISSING = "no record and no ledger line about {}"


def story_of(history: History, subject: str) -> str:
    """The story of a complaint id, a record key or an idempotency key."""
    lines = sorted([*_ledger_lines(history, subject), *_record_lines(history, subject)])
    aborted = [
        f"{'aborted, never committed':<28} {record.topic}/{record.partition}@{record.offset} {record.event_type}"
        for record in history.aborted
        if record.key == subject
    ]
    state = [
        f"{'last row':<28} {topic} {rows[subject]}" for topic, rows in sorted(history.state.items()) if subject in rows
    ]
    told = [f"{_clock(at)} {line}" for at, _, line in lines] + state + aborted
    return "\n".join(told) or _MISSING.format(subject)


def _ledger_lines(history: History, subject: str) -> Iterator[tuple[float, int, str]]:
    """Ledger instants are the bus's; they are put on the machine's time line by the first record of the case."""
    shift = _BusTime(history, subject)
    for operation in history.operations:
        if subject in (operation.complaint_id, operation.key):
            asked = f"ledger op {operation.number} {operation.kind}"
            yield shift.machine(operation.invoked_at), 0, f"{asked} invoke"
            if operation.answered_at is not None:
                told = f"{operation.outcome} {operation.status or ''} {operation.told_ticket or ''}".strip()
                yield shift.machine(operation.answered_at), 2, f"{asked} {told}"


class _BusTime:
    """Turns the bus's instants into the machine's, with the received record as the common point."""

    def __init__(self, history: History, subject: str) -> None:
        case = history.cases.get(subject)
        first = next(iter(case.submissions), None) if case is not None else None
        known = [one for one in history.operations if subject in (one.complaint_id, one.key)]
        self._speed = history.run.speed
        self._bus = known[0].invoked_at if known else 0
        self._machine = first.written_at / 1000 if first is not None else self._bus / 1_000_000

    def machine(self, at: int) -> float:
        """Seconds since the epoch."""
        return self._machine + (at - self._bus) / 1_000_000 / self._speed


def _record_lines(history: History, subject: str) -> Iterator[tuple[float, int, str]]:
    case = history.cases.get(subject)
    for record in case.records() if case is not None else ():
        yield record.written_at / 1000, 1, f"{record.place} {record.event_type} {record.event_id} {_facts(record)}"


def _facts(record: Record) -> str:
    """Digests, addresses and times left out: what remains says enough."""
    facts = record.facts
    if facts is None or isinstance(facts, str):
        return facts or ""
    shown = {
        name: value
        for name, value in facts._asdict().items()
        if name not in ("content", "email", "detail") and value is not None
    }
    detail = getattr(facts, "detail", None)
    if detail is not None and not hasattr(detail, "content"):
        shown["detail"] = detail
    return " ".join(f"{name}={value}" for name, value in shown.items())


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
