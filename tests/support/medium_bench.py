"""What a suite of media asks of a provider: to misbehave when told, and to say what came to it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from services.notifier.sending.medium import Medium
from shared.events.notifications import NotificationRequested


class Answer(Enum):
    """What a provider does with the next message."""

    REFUSE_FOR_NOW = auto()
    REFUSE_FOR_GOOD = auto()
    BREAK_OFF = auto()
    """End the conversation before it has the message."""
    FALL_SILENT = auto()
    """Take the message, end the conversation without a word."""


@dataclass(frozen=True)
class Arrival:
    """A message at the provider."""

    recipient: str
    text: str


class MediumBench(Protocol):
    """A medium and its provider."""

    def medium(self) -> Medium:
        """A new connection, not yet connected."""
        ...

    def answer(self, answer: Answer) -> None:
        """Do this with the next message to somebody, and take what comes after it."""
        ...

    def arrived(self, request: NotificationRequested) -> list[Arrival]:
        """What came of ``request``, told apart by its notification id, in order of arrival."""
        ...

    def go_away(self) -> None:
        """Stop, connections that are open included."""
        ...

    def come_back(self) -> None:
        """Start again."""
        ...
