"""Once per submission: what is durable already is not written again, and one key never means two contents.

Four places know of a repeat: this process while the first is on its way, Redis for some days after it was
acknowledged, the log itself as far as this process has read it (``memory.receipts``), and – the truth – the id, by
which the router drops a second record. So with Redis away or flushed everything stays correct, the answer too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from services.intake.domain.refusal import DoorRefusal, RefusalReason
from shared.crash_points import crash_point
from shared.errors import BrokerUnavailable
from shared.streaming.records import ProducerRecord

RETRY_AFTER_SECONDS = 2
KEY_IN_USE_RETRY_AFTER_SECONDS = 1


class Overloaded(BrokerUnavailable):
    """Too many records wait for the broker; this one was not queued."""


class Log(Protocol):
    """Where records become durable."""

    async def append(self, record: ProducerRecord) -> None:
        """Return once the record is durable. BrokerUnavailable: not acknowledged in time; it may still land."""
        ...


@dataclass(frozen=True, slots=True)
class Delivered:
    """A durable submission. ``received_at`` is that of the first time it came."""

    digest: str
    received_at: datetime
    repeated: bool = False


def to_text(delivered: Delivered) -> str:
    """As it is kept: digest and first receipt."""
    return f"{delivered.digest} {delivered.received_at.isoformat()}"


def from_text(text: str) -> Delivered | None:
    """What was kept, now repeated; None for a text that is not ours."""
    digest, _, received_at = text.partition(" ")
    try:
        return Delivered(digest, datetime.fromisoformat(received_at), repeated=True)
    except ValueError:
        return None


class Memory(Protocol):
    """Remembers for some days what is durable. May forget or fail to answer at any time; never raises."""

    async def recall(self, identity: str) -> Delivered | None:
        """What is known of this submission."""
        ...

    async def remember(self, identity: str, delivered: Delivered) -> None:
        """Note that it is durable."""
        ...


class Memories:
    """Several as one; the first that knows something is believed."""

    def __init__(self, *memories: Memory) -> None:
        self._memories = memories

    async def recall(self, identity: str) -> Delivered | None:
        """What the first of them that knows it says."""
        for memory in self._memories:
            known = await memory.recall(identity)
            if known is not None:
                return known
        return None

    async def remember(self, identity: str, delivered: Delivered) -> None:
        """Tell all of them."""
        for memory in self._memories:
            await memory.remember(identity, delivered)


CanTell = Callable[[], Awaitable[bool]]
"""Whether the memory can tell a repeat now; waits a moment for it."""


async def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class _OnItsWay:
    digest: str
    outcome: asyncio.Task[Delivered | DoorRefusal]


class Delivery:
    """Writes submissions to the log, each identity at most once at a time."""

    def __init__(self, log: Log, memory: Memory, can_tell: CanTell = _always) -> None:
        """While ``can_tell`` says no, nothing is taken in."""
        self._log = log
        self._memory = memory
        self._can_tell = can_tell
        self._on_their_way: dict[str, _OnItsWay] = {}

    async def once(self, identity: str, delivered: Delivered, record: ProducerRecord) -> Delivered | DoorRefusal:
        """Make ``record`` durable unless this identity is already.

        ``delivered`` is what will be true once it is. The outcome may be that of an earlier or concurrent call with
        the same content; with other content the key is refused.
        """
        first = self._on_their_way.get(identity)
        if first is not None:
            return await self._join(first, delivered.digest)
        outcome = asyncio.ensure_future(self._deliver(identity, delivered, record))
        self._on_their_way[identity] = _OnItsWay(delivered.digest, outcome)
        outcome.add_done_callback(lambda _: self._on_their_way.pop(identity, None))
        return await asyncio.shield(outcome)  # a caller who hangs up does not stop what is under way

    async def settle(self) -> None:
        """Wait for everything on its way."""
        await asyncio.gather(*(first.outcome for first in self._on_their_way.values()), return_exceptions=True)

    async def _join(self, first: _OnItsWay, digest: str) -> Delivered | DoorRefusal:
        if first.digest != digest:
            return DoorRefusal(RefusalReason.KEY_IN_USE, retry_after_seconds=KEY_IN_USE_RETRY_AFTER_SECONDS)
        outcome = await asyncio.shield(first.outcome)
        return replace(outcome, repeated=True) if isinstance(outcome, Delivered) else outcome

    async def _deliver(self, identity: str, delivered: Delivered, record: ProducerRecord) -> Delivered | DoorRefusal:
        if not await self._can_tell():
            return DoorRefusal(RefusalReason.UNAVAILABLE, retry_after_seconds=RETRY_AFTER_SECONDS)
        known = await self._memory.recall(identity)
        if known is not None:
            return known if known.digest == delivered.digest else DoorRefusal(RefusalReason.KEY_REUSED)
        try:
            await self._log.append(record)
        except Overloaded:
            return DoorRefusal(RefusalReason.OVERLOADED, retry_after_seconds=RETRY_AFTER_SECONDS)
        except BrokerUnavailable:
            return DoorRefusal(RefusalReason.UNAVAILABLE, retry_after_seconds=RETRY_AFTER_SECONDS)
        crash_point("intake.after-ack")
        await self._memory.remember(identity, delivered)
        crash_point("intake.after-cache")
        return delivered
