"""A processor without state as a real process: ``python -m tests.component.engine.relay_process``.

It says of each urge what the counter would say, which the urge's own number tells, so that the counter's bench judges
it. It reads a second topic of another size, and it runs under the name of a real service, for its crash points.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime

from shared.events import topics
from shared.events.ids import event_id
from shared.events.lifecycle import UrgeRegistered
from shared.events.received import ComplaintUrged
from shared.processing import Emit, Message, Refusal, Stateless
from shared.settings import load_settings
from shared.streaming.engine_settings import ProcessorSettings
from shared.streaming.kafka import KafkaBroker
from shared.streaming.service import Service
from tests.component.engine.counter_process import NAME

CASES = 4
"""Of a bench; its urges go around them."""


class UrgeTeller(Stateless):
    """Registers urges without counting them."""

    name = NAME
    input_topics: tuple[str, ...] = (topics.RECEIVED, topics.SLA_EVENTS)
    output_topics: tuple[str, ...] = (topics.LIFECYCLE,)

    def handle(self, message: Message, now: datetime) -> Sequence[Emit] | Refusal:
        event, cause = message.event, message.envelope.id
        if not isinstance(event, ComplaintUrged):
            return Refusal("not_an_urge", "this processor tells of urges")
        count = int(cause.rpartition("/")[2]) // CASES + 1
        registered = UrgeRegistered(
            complaint_id=event.complaint_id,
            ticket_number="t",
            cycle=1,
            sequence=count,
            happened_at=event.received_at,
            urge_count=count,
        )
        return [Emit(topics.LIFECYCLE, registered, event_id(cause, registered.event_type))]


def main() -> int:
    """Run until told to stop."""
    settings = load_settings(ProcessorSettings)
    broker = KafkaBroker(settings.kafka, recorded=lambda _: None)
    return Service(UrgeTeller(), settings, broker=broker, clock=settings.make_clock()).run()


if __name__ == "__main__":
    sys.exit(main())
