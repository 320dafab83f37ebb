"""Percentiles are measured values, never made-up ones."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.cli.demo.percentiles import in_milliseconds, percentile


def test_known_percentiles() -> None:
    hundred = [float(number) for number in range(1, 101)]
    assert percentile(hundred, 0.5) == 50
    assert percentile(hundred, 0.99) == 99
    assert percentile(hundred, 1) == 100
    assert percentile([7.0], 0.5) == 7
    assert percentile([], 0.5) is None


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1))
def test_at_least_that_share_does_not_exceed_it(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert found is not None
    assert sum(value <= found for value in values) >= share * len(values)


def test_milliseconds_are_rounded_to_tenths() -> None:
    assert in_milliseconds([0.00123]) == {"p50": 1.2, "p99": 1.2}
    assert in_milliseconds([]) == {"p50": None, "p99": None}
