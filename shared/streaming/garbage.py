"""Collects cyclic garbage between two passes instead of among the objects of a batch.

A batch makes some hundred thousand objects that live until its commit and then die together, by reference counting.
Python's collector, started by their number, walks them again and again and finds nothing: a sixth of a router's time.
"""

from __future__ import annotations

import gc
import time
from typing import Final

INTERVAL_SECONDS: Final = 10.0


class GarbageCollection:
    """Takes the collector over for the whole process; ``between_passes`` must then be called regularly."""

    def __init__(self) -> None:
        gc.collect()
        gc.freeze()  # what exists now (code, configuration) stays, and need not be walked each time
        gc.disable()
        self._next_at = time.monotonic() + INTERVAL_SECONDS

    def between_passes(self) -> None:
        """Collect if it is time; few objects are alive now, so it takes milliseconds."""
        now = time.monotonic()
        if now >= self._next_at:
            gc.collect()
            self._next_at = now + INTERVAL_SECONDS
