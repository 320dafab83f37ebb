"""The words of a decision, and what a service must be to run in the engine: a pure reducer over one complaint's state.

Same reducer in production, in tests, in replay and in what-if: clock, ids and configuration are passed in. Nothing
here touches the world, so that domains speak in these words, too.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Generic, NamedTuple, Protocol, TypeVar, runtime_checkable

from shared.errors import InvalidEvent
from shared.events.base import Contract, Event
from shared.events.envelope import Envelope
from shared.events.topics import dead_letter_topic
from shared.streaming.records import ConsumerRecord

StateT = TypeVar("StateT", bound=Contract)


class Message(NamedTuple):
    """One decoded input record. ``record`` is what it was decoded from, for who must know where it stands."""

    topic: str
    envelope: Envelope
    event: Event
    record: ConsumerRecord | None = None


class Emit(NamedTuple):
    """One output event. ``event_id`` must be deterministic; the key is that of the state."""

    topic: str
    event: Event
    event_id: str
    traceparent: str | None = None


class Refusal(NamedTuple):
    """The domain says no to a record: it goes to the dead letters with this reason. ``reason`` is a bounded code."""

    reason: str
    detail: str


class Step(NamedTuple, Generic[StateT]):
    """Outcome of one reduction: the new state (None: nothing to keep) and what to emit, or a refusal."""

    state: StateT | None
    emits: Sequence[Emit] = ()
    refusal: Refusal | None = None


class Standing(NamedTuple):
    """How a state counts in a census of all: as one of the few that have these ``labels``, dated ``at``.

    Labels are codes without spaces, of a bounded number of kinds; of each kind the earliest ``at`` is known.
    """

    labels: tuple[str, ...]
    at: datetime


class Processor(Protocol[StateT]):
    """A service's decisions. State is per record key, which is the complaint_id everywhere."""

    name: str
    """Service name: consumer group, state topic and dead letters are named after it."""

    state_model: type[StateT]
    """Model of one state row."""

    input_topics: tuple[str, ...]
    """What it reads; all with the same number of partitions. Who is given a number of the first owns that number."""

    output_topics: tuple[str, ...]
    """What its events are written to; dead letters and state are known without."""

    def dead_letter_topic(self, input_topic: str) -> str:
        """Where records of ``input_topic`` go that cannot be handled."""
        ...

    def reduce(self, state: StateT | None, message: Message, now: datetime) -> Step[StateT]:
        """Handle one event. Must not raise for anything a writer could send; InvalidEvent dead-letters the record."""
        ...

    def due_at(self, state: StateT) -> datetime | None:
        """When this state wants ``fire`` next; None: no timer. Derived from the state, never stored beside it."""
        ...

    def standing(self, state: StateT) -> Standing | None:
        """How this state is counted, by itself alone, for gauges that are right after a restart; None: not at all."""
        ...

    def fire(self, state: StateT, now: datetime) -> Step[StateT]:
        """Handle the passing of ``due_at``. Must move ``due_at`` forward or clear it."""
        ...


class Reducer(ABC, Generic[StateT]):
    """A Processor with what most have in common: one topic for dead letters, no timers, no census.

    Whoever derives from it says ``name``, ``state_model``, the topics, and ``reduce``; see Processor for what each
    means. Nothing obliges a processor to derive from it.
    """

    name: str
    state_model: type[StateT]
    input_topics: tuple[str, ...]
    output_topics: tuple[str, ...] = ()

    def dead_letter_topic(self, input_topic: str) -> str:
        """The service's own, whatever the input; each dead letter names its origin."""
        return dead_letter_topic(self.name)

    @abstractmethod
    def reduce(self, state: StateT | None, message: Message, now: datetime) -> Step[StateT]:
        """Handle one event."""

    def due_at(self, state: StateT) -> datetime | None:
        """Never."""
        return None

    def standing(self, state: StateT) -> Standing | None:
        """Not counted."""
        return None

    def fire(self, state: StateT, now: datetime) -> Step[StateT]:
        """Nothing is ever due."""
        return Step(state)


class Nothing(Contract):
    """The state of who keeps none; there is never one of it."""


class Stateless(Reducer[Nothing]):
    """A processor that remembers nothing: each record is handled by itself. For relays and readers of texts.

    It runs in the same loop, with the same transactions and dead letters, but has no changelog and no timers, and its
    inputs may have any numbers of partitions.
    """

    state_model = Nothing

    @abstractmethod
    def handle(self, message: Message, now: datetime) -> Sequence[Emit] | Refusal:
        """What follows from one event. Must not raise for anything a writer could send, as ``Processor.reduce``."""

    def reduce(self, state: Nothing | None, message: Message, now: datetime) -> Step[Nothing]:
        """What follows, as the engine takes it."""
        handled = self.handle(message, now)
        return Step(None, refusal=handled) if isinstance(handled, Refusal) else Step(None, handled)


@runtime_checkable
class HasTimerSettings(Protocol):
    """A processor whose ``due_at`` depends on more than the state."""

    @property
    def timer_settings(self) -> str:
        """All that it depends on; when this is another text, timers kept from before are computed anew."""
        ...


@runtime_checkable
class NotesUnreadable(Protocol[StateT]):
    """A processor that must account for records nobody can read, too; of others they become dead letters."""

    def note_unreadable(
        self, state: StateT | None, record: ConsumerRecord, problem: InvalidEvent, now: datetime
    ) -> Step[StateT]:
        """Handle a record with a key that could not be decoded, because of ``problem``. Must not raise."""
        ...
