"""The composer as the engine runs it: reads the case log and the clocks, writes requests and reasons."""

from __future__ import annotations

from datetime import datetime

from services.notifier.domain.composition import Cause, Composition, Output
from services.notifier.domain.policy import CorrespondencePolicy
from services.notifier.domain.reducer import compose, expire
from services.notifier.domain.state import Correspondence
from shared.events import topics
from shared.events.notifications import NotificationRequested
from shared.streaming.processor import Emit, Message, Step


class Composer:
    """A Processor (see ``shared.streaming.processor``)."""

    name = "notifier"
    state_model = Correspondence
    input_topics: tuple[str, ...] = (topics.LIFECYCLE, topics.SLA_EVENTS)
    output_topics: tuple[str, ...] = (topics.NOTIFICATION_REQUESTS, topics.NOTIFICATION_EVENTS)

    def __init__(self, policy: CorrespondencePolicy) -> None:
        self._policy = policy

    def dead_letter_topic(self, input_topic: str) -> str:
        return topics.dead_letter_topic(self.name)

    def reduce(self, state: Correspondence | None, message: Message, now: datetime) -> Step[Correspondence]:
        cause = Cause(message.envelope.id, message.envelope.traceparent)
        return _step(compose(state, message.event, cause, self._policy, now))

    def due_at(self, state: Correspondence) -> datetime | None:
        return state.due_at()

    def standing(self, state: Correspondence) -> None:
        """Not counted."""

    def fire(self, state: Correspondence, now: datetime) -> Step[Correspondence]:
        return _step(expire(state, self._policy, now))


def _step(composition: Composition) -> Step[Correspondence]:
    return Step(composition.state, [_emit(output) for output in composition.outputs])


def _emit(output: Output) -> Emit:
    requested = isinstance(output.event, NotificationRequested)
    topic = topics.NOTIFICATION_REQUESTS if requested else topics.NOTIFICATION_EVENTS
    return Emit(topic, output.event, output.event_id, output.traceparent)
