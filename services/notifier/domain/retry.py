"""What to do after a message was handed over: done, try again, or give up.

When a connection dies between the end of a message and the answer to it, nobody knows; the message is then sent again
under the same id, since a repeat that is flagged does less harm than a message lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class HandoverResult(StrEnum):
    """How a conversation with a provider ended."""

    ACCEPTED = "accepted"
    TRY_LATER = "try_later"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """The message was handed over completely and no reply came: it may or may not be on its way."""


@dataclass(frozen=True, slots=True)
class Handover:
    """The end of a conversation, and a bounded reason code of the medium, such as ``connection_lost``."""

    result: HandoverResult
    reason: str


@dataclass(frozen=True, slots=True)
class Sent:
    """Done. ``possible_repeat``: an earlier attempt may have arrived as well."""

    possible_repeat: bool


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Another attempt ``after`` this one. ``possibly_delivered``: this or an earlier attempt may have arrived."""

    after: timedelta
    reason: str
    possibly_delivered: bool


@dataclass(frozen=True, slots=True)
class GiveUp:
    """No further attempt; a person should look."""

    reason: str


RetryDecision = Sent | TryAgain | GiveUp
"""What follows from an attempt."""


def decide(
    handover: Handover, *, attempt: int, possibly_delivered: bool, schedule: tuple[timedelta, ...]
) -> RetryDecision:
    """What follows from the ``attempt``-th attempt (1 = the first).

    ``possibly_delivered``: an earlier attempt ended unknown. ``schedule``: waits between attempts; when it is used
    up the reason is ``retries_exhausted``, or ``outcome_unknown`` if one of the attempts may have arrived.
    """
    if handover.result is HandoverResult.ACCEPTED:
        return Sent(possible_repeat=possibly_delivered)
    if handover.result is HandoverResult.REFUSED:
        return GiveUp(handover.reason)
    doubt = possibly_delivered or handover.result is HandoverResult.UNKNOWN
    if attempt > len(schedule):
        return GiveUp("outcome_unknown" if doubt else "retries_exhausted")
    return TryAgain(schedule[attempt - 1], handover.reason, doubt)
