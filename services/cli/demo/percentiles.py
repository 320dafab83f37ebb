"""Percentiles of a handful of measurements."""

from __future__ import annotations

import math
from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least ``share`` (0 to 1] of ``values`` do not exceed; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def in_milliseconds(seconds: Sequence[float]) -> dict[str, float | None]:
    """p50 and p99 in milliseconds, one decimal."""
    found = {"p50": percentile(seconds, 0.50), "p99": percentile(seconds, 0.99)}
    return {name: None if value is None else round(value * 1000, 1) for name, value in found.items()}
