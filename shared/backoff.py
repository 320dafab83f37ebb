"""How long to wait before something that failed is tried again: doubling with each failure, never beyond a bound."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, TypeVar

Span = TypeVar("Span", float, timedelta)

_MOST_DOUBLINGS: Final = 16
"""Beyond every bound in use; without it a power of two overflows after some hours of failures."""


def wait_after(failures: int, first: Span, longest: Span) -> Span:
    """The wait after so many failures in a row (1 or more): ``first`` after one, at most ``longest``."""
    return min(longest, first * (1 << min(failures - 1, _MOST_DOUBLINGS)))
