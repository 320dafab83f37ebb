"""Demo time never runs backwards over a kept data directory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cli.demo.clock import read_reached, start_clock, write_reached
from shared.errors import ConfigurationError

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def shown(speed: float, origin: datetime, real: datetime) -> datetime:
    return origin + (real - origin) * speed


def test_a_new_demo_starts_now() -> None:
    assert start_clock(3600, NOW, None).origin == NOW


@given(
    st.floats(1.5, 100_000),
    st.timedeltas(timedelta(seconds=1), timedelta(days=3650)),
)
def test_a_continued_demo_goes_on_where_it_stopped(speed: float, ahead: timedelta) -> None:
    clock = start_clock(speed, NOW, NOW + ahead)
    assert abs(shown(speed, clock.origin, NOW) - (NOW + ahead)) < timedelta(seconds=1)


def test_a_demo_that_the_present_has_overtaken_starts_now() -> None:
    assert start_clock(3600, NOW, NOW - timedelta(days=1)).origin == NOW


def test_real_time_cannot_continue_a_demo_that_ran_ahead() -> None:
    with pytest.raises(ConfigurationError, match="2026-03-03"):
        start_clock(1, NOW, NOW + timedelta(days=1))


def test_services_get_the_clock_only_when_it_is_not_the_machines() -> None:
    assert start_clock(1, NOW, None).environment() == {}
    assert start_clock(60, NOW, None).environment() == {
        "CBUS_CLOCK__SPEED": "60",
        "CBUS_CLOCK__ORIGIN": "2026-03-02T00:00:00+00:00",
    }


def test_how_far_it_came_is_kept(tmp_path: Path) -> None:
    assert read_reached(tmp_path) is None
    write_reached(tmp_path, NOW, timedelta(hours=1))
    assert read_reached(tmp_path) == NOW + timedelta(hours=1)


def test_without_a_data_directory_nothing_is_kept() -> None:
    write_reached(None, NOW)
    assert read_reached(None) is None
