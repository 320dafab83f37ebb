"""What an SMTP reply means for a message.

RFC 5321 §4.2.1: 4yz is a transient refusal, 5yz a permanent one. §6.1 and RFC 1047: when the connection dies between
the final dot and the reply, nobody knows; the message is then sent again under the same Message-ID.
"""

from __future__ import annotations

from typing import Final

from services.notifier.domain.retry import Handover, HandoverResult

CLOSING: Final = 421
CONNECTION_LOST: Final = Handover(HandoverResult.TRY_LATER, "connection_lost")
NO_REPLY: Final = Handover(HandoverResult.UNKNOWN, "no_reply")
UNINTELLIGIBLE: Final = "unintelligible_reply"


def judge_reply(code: int, *, message_complete: bool) -> Handover:
    """The meaning of an SMTP reply ``code``; ``message_complete`` once the final dot was sent."""
    if 200 <= code < 300:
        return Handover(HandoverResult.ACCEPTED, f"smtp_{code}")
    if 400 <= code < 500:
        return Handover(HandoverResult.TRY_LATER, f"smtp_{code}")
    if 500 <= code < 600:
        return Handover(HandoverResult.REFUSED, f"smtp_{code}")
    unknown = HandoverResult.UNKNOWN if message_complete else HandoverResult.TRY_LATER
    return Handover(unknown, UNINTELLIGIBLE)


def judge_early_reply(code: int) -> Handover:
    """The same of a reply that kept the message from being sent; a 2xx there is none that can be talked to."""
    handover = judge_reply(code, message_complete=False)
    if handover.result is HandoverResult.ACCEPTED:
        return Handover(HandoverResult.TRY_LATER, UNINTELLIGIBLE)
    return handover
