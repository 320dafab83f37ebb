"""What the relay decides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from shared.events.ids import event_id
from shared.events.received import ComplaintUrged
from shared.events.topics import RECEIVED
from shared.processing import Emit, Message, Refusal, Stateless


class UrgeRelay(Stateless):
    """Passes on what complainants write to hurry a case up."""

    name = "urge-relay"
    input_topics: tuple[str, ...] = (RECEIVED,)
    output_topics: tuple[str, ...] = ("urges.v1",)

    def handle(self, message: Message, now: datetime) -> Sequence[Emit] | Refusal:
        if not isinstance(message.event, ComplaintUrged):
            return ()
        return [Emit("urges.v1", message.event, event_id(message.envelope.id, "urge-relay"))]
