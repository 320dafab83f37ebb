"""The dates a fact of a complaint can have: one range for the door that takes it in and the clocks that count from it.

What lies outside is a machine's zero (1970), a placeholder (9999) or a slip of the finger: never a receipt. Calendars
answer for a year more at either end, so that every deadline counted from a date in the range exists.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

EARLIEST_DAY: Final = date(1971, 1, 1)
LATEST_DAY: Final = date(2098, 12, 31)
"""First and last date, in UTC, of anything that happened or is due."""

_BEGIN: Final = datetime.combine(EARLIEST_DAY, time.min, UTC)
_END: Final = datetime.combine(LATEST_DAY + timedelta(days=1), time.min, UTC)


def is_in_range(at: datetime) -> bool:
    """Whether the aware instant ``at`` lies on one of these dates."""
    return _BEGIN <= at < _END
