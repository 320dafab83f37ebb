"""Why a deadline cannot be computed. Each refusal names the argument that is wrong, for the message to a person."""

from __future__ import annotations

from typing import Literal


class DeadlineRefused(ValueError):
    """The question has no answer; ``argument`` says what to change."""

    def __init__(self, argument: Literal["start", "n", "pauses", "calendar"], reason: str) -> None:
        super().__init__(reason)
        self.argument = argument


class OutOfRange(DeadlineRefused):
    """The answer lies outside 1970-2099, or the calendar does not open often enough to reach it."""
