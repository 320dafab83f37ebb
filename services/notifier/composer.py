"""The composer as the engine runs it: reads the case log and the clocks, writes requests and reasons."""

from __future__ import annotations

from datetime import datetime

from services.notifier.domain.composition import Cause
from services.notifier.domain.policy import CorrespondencePolicy
from services.notifier.domain.reducer import compose, expire
from services.notifier.domain.state import Correspondence
from shared.events import topics
from shared.processing import Message, Reducer, Step


class Composer(Reducer[Correspondence]):
    """Decides what is told to whom. Nothing is counted: a correspondence stands nowhere."""

    name = "notifier"
    state_model = Correspondence
    input_topics: tuple[str, ...] = (topics.LIFECYCLE, topics.SLA_EVENTS)
    output_topics: tuple[str, ...] = (topics.NOTIFICATION_REQUESTS, topics.NOTIFICATION_EVENTS)

    def __init__(self, policy: CorrespondencePolicy) -> None:
        self._policy = policy

    def reduce(self, state: Correspondence | None, message: Message, now: datetime) -> Step[Correspondence]:
        cause = Cause(message.envelope.id, message.envelope.traceparent)
        return compose(state, message.event, cause, self._policy, now)

    def due_at(self, state: Correspondence) -> datetime | None:
        return state.due_at()

    def fire(self, state: Correspondence, now: datetime) -> Step[Correspondence]:
        return expire(state, self._policy, now)
