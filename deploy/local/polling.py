"""Waiting for something to become true, with a deadline, instead of sleeping and hoping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


class DeadlineExceeded(TimeoutError):
    """The awaited thing did not happen in time; the message says what was awaited and for how long."""


def wait_until(
    condition: Callable[[], Result | None],
    what: str,
    *,
    timeout_seconds: float,
    interval_seconds: float = 0.05,
) -> Result:
    """Call ``condition`` until it returns something truthy, and return that.

    ``what`` completes the sentence "gave up after N s waiting for …". An exception from ``condition`` ends the wait.
    """
    deadline = time.monotonic() + timeout_seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() >= deadline:
            raise DeadlineExceeded(f"gave up after {timeout_seconds:g} s waiting for {what}")
        time.sleep(interval_seconds)
