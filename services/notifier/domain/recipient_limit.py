"""How many letters one address gets: whoever files complaints in a stranger's name must not fill that mailbox.

Only letters that any submission sets off are counted and withheld. A result, a rejection, a correction or a refusal
answers something that happened to a case, is written once, and always goes out.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from services.notifier.domain.notification import Template

WITHHELD: Final = "recipient_limit"
"""Reason in ``notification.skipped.v1``."""

LIMITED: Final = frozenset({Template.ACKNOWLEDGEMENT, Template.REOPENED})
"""What may be withheld."""

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RecipientLimits:
    """Most letters of the limited kinds to one address in any hour, and in any day."""

    per_hour: int
    per_day: int


def recipient_key(secret: bytes, addressee: str) -> str:
    """A keyed hash that stands for ``addressee``, which its medium names in one way however the address is written."""
    return hmac.digest(secret, b"recipient\0" + addressee.encode(), hashlib.sha256).hex()[:32]


def is_admitted(counted: dict[str, float], notification_id: str, now: float, limits: RecipientLimits) -> bool:
    """Whether a letter may go, given the letters of one mailbox in the last day (id to time, in seconds).

    One that was counted before goes again: a retry is no second letter.
    """
    if notification_id in counted:
        return True
    lately = sum(at > now - HOUR.total_seconds() for at in counted.values())
    return lately < limits.per_hour and len(counted) < limits.per_day
