"""The look-up tables of open time, at their edges."""

from __future__ import annotations

from datetime import date

from services.sla.domain.open_time import OpenTime, build_open_time
from services.sla.domain.wall_clock import SECOND, microseconds_of
from tests.unit.sla.calendars import a_calendar, at

NIGHTS = a_calendar(hours={"mon": [["22:00", "06:00"]], "tue": [["22:00", "06:00"]], "wed": [["22:00", "06:00"]]})
TUESDAY = date(2026, 3, 3)


def table_of_one_day() -> OpenTime:
    return build_open_time(TUESDAY, TUESDAY, zone=NIGHTS.zone, hours_on=NIGHTS.hours_on, breaks=NIGHTS.breaks)


def test_a_table_knows_the_night_shift_that_runs_into_its_first_day() -> None:
    table = table_of_one_day()
    assert table.is_open(microseconds_of(at("2026-03-03T02:00Z")))
    assert not table.is_open(microseconds_of(at("2026-03-03T06:00Z")))


def test_a_table_answers_up_to_its_end_and_not_beyond() -> None:
    table = table_of_one_day()
    opening = table.position(microseconds_of(at("2026-03-03T22:00Z")))
    assert table.earliest_at(opening + 7199 * SECOND) == microseconds_of(at("2026-03-03T23:59:59Z"))
    assert table.earliest_at(opening + 7201 * SECOND) is None
    assert table.latest_at(opening) == microseconds_of(at("2026-03-03T22:00Z"))
    assert table.latest_at(opening + 8 * 3600 * SECOND) is None
    assert not table.covers(table.covered_from - 1, table.covered_from)
    assert not table.covers(table.covered_from, table.covered_until)


def test_an_open_stretch_that_began_before_the_table_is_counted_from_its_beginning() -> None:
    table = table_of_one_day()
    first, last = (table.position(microseconds_of(at(f"2026-03-03T{time}Z"))) for time in ("00:00", "06:00"))
    assert last - first == 6 * 3600 * SECOND
