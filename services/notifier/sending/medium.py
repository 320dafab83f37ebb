"""The socket for media: what the sender needs of anything that carries messages to people.

A plug is a folder under ``media`` and one line in ``bootstrap.media``; every one passes the suite in
``tests/contract/medium_conformance.py``. What came of a hand-over is told in the words of ``domain.retry``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from services.notifier.domain.retry import Handover
from shared.events.notifications import NotificationRequested


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message ready to be handed over, checked and complete; a request always gives the same one."""

    recipient: str
    """Where it goes: an address, a number, an account. Personal data."""
    addressee: str
    """Stands for whoever reads it: the same however ``recipient`` is written. Personal data."""
    heading: str | None
    """What stands above the text, in media that have such a line."""
    text: str
    """What the addressee reads."""
    wire: bytes
    """What is handed over; its form is the medium's own affair."""


@dataclass(frozen=True, slots=True)
class Unsendable:
    """No message can be made of a request, now or later. ``reason`` is a bounded code, ``detail`` for the log."""

    reason: str
    detail: str


class MediumUnreachable(Exception):
    """No conversation could begin: nothing was handed over, no message is to blame. ``reason`` is a bounded code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Medium(Protocol):
    """One connection of a medium. Each lane has one of its own and is the only thread that uses it."""

    @property
    def name(self) -> str:
        """As in requests and metrics: a value of ``shared.events.notifications.Medium``."""
        ...

    @property
    def provider(self) -> str:
        """Whom messages are handed to, as a sentence names it: ``the mail relay``."""
        ...

    def prepare(self, request: NotificationRequested) -> Parcel | Unsendable:
        """The message ``request`` asks for, or why there can be none. Needs no connection and makes none."""
        ...

    def connect(self) -> None:
        """Make sure that messages can be handed over; raises MediumUnreachable."""
        ...

    def hand_over(self, parcel: Parcel) -> Handover:
        """Hand a message over; how that ended, also when the connection is lost. Does not raise for any of that."""
        ...

    def close_if_idle(self) -> None:
        """Close a connection nobody used for a while."""
        ...

    def close(self) -> None:
        """Close the connection, if there is one; never raises. ``connect`` makes a new one."""
        ...


MakeMedium = Callable[[], Medium]
"""Makes one connection of a medium, not yet connected; what its connections may share, they share."""
