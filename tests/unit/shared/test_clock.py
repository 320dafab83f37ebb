"""Clocks: aware of their zone, agreeing between processes, exact to the millisecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.clock import ManualClock, ScaledClock, SystemClock, from_epoch_ms, to_epoch_ms

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INSTANTS = st.datetimes(timezones=st.just(UTC))


def test_the_system_clock_tells_utc_and_moves() -> None:
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert before <= now <= datetime.now(UTC)


@pytest.mark.parametrize("speed", [0.5, 60.0, 86_400.0])
def test_a_scaled_clock_runs_so_many_times_faster_from_its_origin_on(
    monkeypatch: pytest.MonkeyPatch, speed: float
) -> None:
    origin = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    clock = ScaledClock(speed, origin)
    for elapsed in (0.0, 1.0, 3600.0):
        monkeypatch.setattr("shared.clock.time.time", lambda elapsed=elapsed: origin.timestamp() + elapsed)
        assert clock.now() == origin + timedelta(seconds=elapsed * speed)


def test_two_processes_with_the_same_origin_and_speed_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.clock.time.time", lambda: 1_800_000_000.25)
    origin = datetime(2026, 3, 2, 17, 0, tzinfo=timezone(timedelta(hours=8)))
    assert ScaledClock(3600, origin).now() == ScaledClock(3600, origin.astimezone(UTC)).now()


@pytest.mark.parametrize("speed", [0, -1])
def test_a_clock_that_stands_or_runs_backwards_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        ScaledClock(speed, EPOCH)


@given(st.lists(INSTANTS, min_size=1))
def test_a_manual_clock_tells_what_it_was_told_last(instants: list[datetime]) -> None:
    clock = ManualClock(EPOCH)
    assert clock.now() == EPOCH
    for instant in instants:
        clock.set(instant)
        assert clock.now() == instant


@given(INSTANTS)
def test_milliseconds_are_rounded_down_by_less_than_one(instant: datetime) -> None:
    rounded = EPOCH + timedelta(milliseconds=1) * to_epoch_ms(instant)
    assert timedelta(0) <= instant - rounded < timedelta(milliseconds=1)


@given(st.integers(-62_000_000_000_000, 253_000_000_000_000))
@example(8_678_930_632_446)  # no float is near enough
def test_a_whole_millisecond_survives_the_way_there_and_back(epoch_ms: int) -> None:
    assert to_epoch_ms(from_epoch_ms(epoch_ms)) == epoch_ms


@given(earlier=INSTANTS, later=INSTANTS)
def test_the_order_of_instants_is_kept(earlier: datetime, later: datetime) -> None:
    earlier, later = sorted((earlier, later))
    assert to_epoch_ms(earlier) <= to_epoch_ms(later)
