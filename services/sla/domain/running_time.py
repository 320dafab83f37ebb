"""Time during which a clock runs: everything outside its pauses.

Works on any axis of integers: real time in microseconds, or open time of a calendar (``OpenTime.position``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from services.sla.domain.refusals import DeadlineRefused
from services.sla.domain.wall_clock import microseconds_of

Pause = tuple[datetime, datetime]
"""From when to when a clock did not run: two aware instants, half-open."""

Span = tuple[int, int]
"""A half-open stretch ``[begin, end)`` of an integer axis."""


def paused_spans(pauses: Iterable[Pause]) -> list[Span]:
    """Pauses in microseconds, sorted and unioned: overlapping ones count once. Refused when one ends too early."""
    if not pauses:
        return []
    return union(_span(began, ended) for began, ended in pauses)


def _span(began: datetime, ended: datetime) -> Span:
    if ended < began:
        raise DeadlineRefused("pauses", f"a pause ends at {ended.isoformat()}, before it begins at {began.isoformat()}")
    return microseconds_of(began), microseconds_of(ended)


def union(spans: Iterable[Span]) -> list[Span]:
    """The same moments as sorted spans that neither overlap nor touch; empty ones are dropped."""
    merged: list[Span] = []
    for begin, end in sorted(spans):
        if begin >= end:
            continue
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return merged


def outside(span: Span, holes: Iterable[Span]) -> Iterator[Span]:
    """The pieces of ``span`` that lie outside the sorted, disjoint ``holes``."""
    begin, end = span
    for hole_begin, hole_end in holes:
        if hole_begin >= end:
            break
        if hole_begin > begin:
            yield begin, hole_begin
        begin = max(begin, hole_end)
    if begin < end:
        yield begin, end


def running_spans(begin: int, amount: int, paused: Sequence[Span]) -> list[Span]:
    """The spans from ``begin`` on, outside the pauses, that together last ``amount``; the last ends at the deadline.

    A pause that begins when the time is already used up changes nothing. A negative amount counts back, without pauses.
    """
    spans: list[Span] = []
    for pause_begin, pause_end in paused:
        if pause_begin >= begin + amount:
            break
        if pause_begin > begin:
            spans.append((begin, pause_begin))
            amount -= pause_begin - begin
        begin = max(begin, pause_end)
    spans.append((begin, begin + amount))
    return spans


def share_used_at(begin: int, end: int, fraction: float, paused: Sequence[Span]) -> int:
    """The moment between ``begin`` and ``end`` at which ``fraction`` of the running time between them is used up."""
    if not paused:
        return begin + round(max(0, end - begin) * fraction)
    total = sum(piece_end - piece_begin for piece_begin, piece_end in outside((begin, end), paused))
    return running_spans(begin, round(total * fraction), paused)[-1][1]


def wholly_paused(spans: Iterable[Span], paused: Sequence[Span]) -> bool:
    """Whether every one of ``spans`` lies inside a pause."""
    return all(any(began <= begin and end <= ended for began, ended in paused) for begin, end in spans)


def falls_inside(moment: int, paused: Sequence[Span]) -> bool:
    """Whether a clock that ends at ``moment`` would end while paused, or at the very moment it resumes."""
    return any(began < moment <= ended for began, ended in paused)
