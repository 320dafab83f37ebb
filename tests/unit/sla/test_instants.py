"""Instants as whole microseconds: the way there and back loses nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from services.sla.domain.wall_clock import datetime_of, microseconds_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = microseconds_of(datetime(2199, 12, 31, 23, 59, 59, 999_999, UTC))


@given(st.integers(-(10**15), LATEST))
@example(3_999_999_999_999_999)
@example(4_000_000_000_000_000)
@example(-1)
def test_every_microsecond_survives_the_way_there_and_back(microseconds: int) -> None:
    instant = datetime_of(microseconds)
    assert instant == EPOCH + timedelta(microseconds=microseconds)
    assert microseconds_of(instant) == microseconds
