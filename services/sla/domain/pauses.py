"""When the work on a case was on hold. Departments hold and resume their own parts; the case pauses while any does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from services.sla.domain.running_time import Span, union


class Pauses(NamedTuple):
    """Holds of one cycle, in microseconds. A change makes a new value; what changes nothing returns the same one."""

    ended: tuple[Span, ...]
    """Pauses that are over, sorted and disjoint: holds that overlapped count once."""
    holds: Mapping[str, int]
    """Since when each assignment now on hold is."""

    @property
    def open_since(self) -> int | None:
        """Since when the case is on hold; None when work goes on."""
        return min(self.holds.values()) if self.holds else None

    def held(self, assignment: str, at: int) -> Pauses:
        """With a hold of ``assignment`` from ``at``; one that is on hold already stays as it is."""
        if assignment in self.holds:
            return self
        return Pauses(self.ended, {**self.holds, assignment: at})

    def resumed(self, assignment: str, at: int) -> Pauses:
        """With the hold of ``assignment`` ended at ``at``. One that ends before it began has not paused anything."""
        began = self.holds.get(assignment)
        if began is None:
            return self
        others = {other: since for other, since in self.holds.items() if other != assignment}
        return Pauses(_union(self.ended, (began, at)), others)

    def all_resumed(self, at: int) -> Pauses:
        """With every hold ended at ``at``."""
        return Pauses(self.until(at), {}) if self.holds else self

    def until(self, at: int) -> tuple[Span, ...]:
        """All pauses up to ``at``: a hold that goes on counts as if it ended then."""
        return _union(self.ended, *((since, at) for since in self.holds.values())) if self.holds else self.ended


def _union(ended: tuple[Span, ...], *more: Span) -> tuple[Span, ...]:
    return tuple(union((*ended, *more)))
