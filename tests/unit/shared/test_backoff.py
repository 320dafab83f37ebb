"""Waits between tries."""

from __future__ import annotations

from datetime import timedelta

from shared.backoff import wait_after


def test_the_relay_is_called_ever_less_often_but_at_least_once_a_minute() -> None:
    waits = [wait_after(n, timedelta(seconds=5), timedelta(minutes=1)).total_seconds() for n in range(1, 8)]
    assert waits == [5, 10, 20, 40, 60, 60, 60]
    assert wait_after(10_000, timedelta(seconds=5), timedelta(minutes=1)) == timedelta(minutes=1)


def test_waits_may_be_seconds_and_never_overflow() -> None:
    assert [wait_after(n, 0.25, 5.0) for n in (1, 2, 5, 6, 100_000)] == [0.25, 0.5, 4.0, 5.0, 5.0]
