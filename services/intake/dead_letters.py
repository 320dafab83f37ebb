"""What a channel cannot read, while nobody waits to be told, is put aside for operators: bytes, reason, origin."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from services.intake.domain.parsed import Unreadable
from services.intake.domain.wording import WORDINGS
from shared.events.complaint import Channel
from shared.events.topics import dead_letter_topic
from shared.processing import Refusal
from shared.streaming.dead_letters import dead_letter
from shared.streaming.records import ConsumerRecord, ProducerRecord

_SERVICE: Final = "intake"


def unreadable_letter(
    raw: bytes, unreadable: Unreadable, channel: Channel, number: int, now: datetime
) -> ProducerRecord:
    """The dead letter of ``raw``, which stands under ``number`` in its channel, e.g. a mail's UID in its mailbox.

    It has no key, since it is about no case that is known. Its headers repeat nothing of it: no names of fields, which
    are the sender's words.
    """
    received = ConsumerRecord(channel.value, 0, number, None, raw, [], 0)
    reason = unreadable.refusal.reason
    said = Refusal(reason.value, WORDINGS[reason].title.read_in("en"))
    return dead_letter(received, dead_letter_topic(_SERVICE), said, _SERVICE, now)
