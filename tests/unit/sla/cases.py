"""Hypothesis strategies: calendars with lunch breaks, night shifts, holidays and make-up days, near clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.unit.sla.slow_oracle import STEP, STEP_MINUTES

WINDOW_DAYS = 16

# A zone and a date on which, or near which, its clocks change. Shanghai last did in 1991, Lord Howe moves by 30
# minutes, Santiago skips and repeats midnight.
PLACES = (
    ("Asia/Shanghai", date(2026, 2, 14)),
    ("Asia/Shanghai", date(1991, 9, 15)),
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("America/Santiago", date(2026, 4, 5)),
    ("America/Santiago", date(2026, 9, 6)),
    ("UTC", date(2028, 2, 29)),
)


def _text(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@st.composite
def frames(draw: st.DrawFn) -> list[list[str]]:
    """Up to three frames of a day that do not overlap; the last may run past midnight."""
    bounds = sorted(draw(st.sets(st.integers(0, 1440 // STEP_MINUTES), max_size=6)))
    if len(bounds) % 2:
        bounds.pop()
    texts = [[_text(begin * 5), _text(end * 5)] for begin, end in zip(bounds[::2], bounds[1::2], strict=True)]
    runs_on: bool = draw(st.booleans())
    if texts and runs_on and texts[-1][0] != "00:00":
        first_opening = texts[0][0] if len(texts) > 1 else texts[-1][0]
        texts[-1][1] = draw(st.sampled_from(["00:00", "02:30", "06:00"]).filter(lambda end: end < first_opening))
    return texts


@st.composite
def calendar_definitions(draw: st.DrawFn) -> tuple[dict[str, Any], datetime]:
    """A calendar as written in a file, and the instant from which the oracle looks at it."""
    zone, change = draw(st.sampled_from(PLACES))
    days = [(change + timedelta(days=offset)).isoformat() for offset in range(-5, 8)]
    weekdays = draw(st.sets(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), min_size=2))
    usual = draw(frames().filter(lambda texts: len(texts) > 0))
    hours = {weekday: draw(st.one_of(st.just(usual), frames())) for weekday in weekdays}
    definition: dict[str, Any] = {
        "tz": zone,
        "hours": hours | {min(weekdays): usual},
        "holidays": sorted(draw(st.sets(st.sampled_from(days), max_size=4))),
        "special_dates": draw(st.dictionaries(st.sampled_from(days), st.one_of(st.just(usual), frames()), max_size=2)),
        "breaks": draw(st.dictionaries(st.sampled_from(days), frames(), max_size=1)),
    }
    return definition, datetime.combine(change - timedelta(days=6), datetime.min.time(), UTC)


def instants(first: datetime, *, from_day: int = 2, to_day: int = WINDOW_DAYS - 4) -> st.SearchStrategy[datetime]:
    """Instants on the grid of steps."""
    per_day = 24 * 60 // STEP_MINUTES
    return st.integers(from_day * per_day, to_day * per_day).map(lambda step: first + step * STEP)


def pauses_within(first: datetime) -> st.SearchStrategy[list[tuple[datetime, datetime]]]:
    """Up to three pauses, overlapping or not, some of them longer than a day."""
    length = st.one_of(st.integers(0, 60), st.integers(200, 900)).map(lambda steps: steps * STEP)
    return st.lists(st.tuples(instants(first), length).map(lambda pause: (pause[0], pause[0] + pause[1])), max_size=3)
