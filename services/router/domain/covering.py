"""Which spans of a text lie within longer ones, without comparing all with all: a text may hold thousands of them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

Span = tuple[int, int]
"""Start and end of a piece of text."""


class Covering:
    """A set of spans that hide the shorter ones within them: "fire" in "catch fire" is read as "catch fire"."""

    __slots__ = ("_end_from", "_end_up_to", "_starts")

    def __init__(self, spans: Iterable[Span]) -> None:
        self._end_from: dict[int, int] = {}
        for start, end in spans:
            self._end_from[start] = max(end, self._end_from.get(start, end))
        self._starts = sorted(self._end_from)
        self._end_up_to = list(accumulate((self._end_from[start] for start in self._starts), max))

    def hides(self, span: Span) -> bool:
        """True when ``span`` lies within a longer one of the set."""
        start, end = span
        if self._end_from.get(start, end) > end:
            return True
        earlier = bisect_left(self._starts, start)
        return earlier > 0 and self._end_up_to[earlier - 1] >= end

    def holds(self, span: Span) -> bool:
        """True when ``span`` lies within one of the set that is as long or longer."""
        not_later = bisect_right(self._starts, span[0])
        return not_later > 0 and self._end_up_to[not_later - 1] >= span[1]


def has_line_end(span: Span, line_ends: Sequence[int]) -> bool:
    """True when a line ends strictly inside ``span``."""
    return bisect_right(line_ends, span[0]) < bisect_left(line_ends, span[1])
