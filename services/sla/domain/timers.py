"""What the passing of time does: warnings and breaches fall due, and rows that nobody will ask for are forgotten.

A timer is not a thing of its own: it is read off the state. When a deadline moves, the old timer is gone with the old
state, so a stale one cannot fire.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from services.sla.domain.clocks import CaseClocks
from services.sla.domain.state import ComplaintClocks
from services.sla.domain.terms import Promises
from services.sla.domain.wall_clock import datetime_of, microseconds_of
from shared.processing import Step

_MILLISECOND: Final = 1_000
_MICROSECOND: Final = timedelta(microseconds=1)


def due_at(row: ComplaintClocks, forget_after: timedelta) -> datetime | None:
    """The next instant at which this row has something to do, rounded up to the millisecond: never too early."""
    if row.running:
        instants = [instant for clock in row.running if (instant := clock.next_instant) is not None]
        if not instants:
            return None
        earliest = min(instants)
    elif row.settled is not None:
        earliest = row.settled + forget_after // _MICROSECOND
    else:
        return None
    return datetime_of(-(-earliest // _MILLISECOND) * _MILLISECOND)


def fire(row: ComplaintClocks, now: datetime, promises: Promises, forget_after: timedelta) -> Step[ComplaintClocks]:
    """Everything that is due at ``now``, and no row when it is time to forget it.

    After downtime a clock may be due for a warning and a breach at once: then only the breach is announced.
    """
    clocks = CaseClocks(row, promises, now)
    clocks.fire(microseconds_of(now))
    after = clocks.row() if row.running else row
    if not after.running and after.settled is not None and (due := due_at(after, forget_after)) and due <= now:
        return Step(None, clocks.emits)
    return Step(after, clocks.emits)
