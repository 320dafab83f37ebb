"""Recognising an update or message that was written twice.

The engine reads each record once, but a writer may produce the same event (same ``ce_id``) again after a time-out.
A case remembers its latest inputs by fingerprint: fixed size, whatever a writer puts into ``ce_id``, and including
the topic, so that no department can use up the ids of another.
"""

from __future__ import annotations

from hashlib import blake2b

from services.router.domain.case import Case
from shared.streaming.processor import Message

REMEMBERED_INPUTS = 16
_FINGERPRINT_BYTES = 8


def fingerprint(message: Message) -> str:
    """64 bits of topic and ``ce_id``, hex."""
    name = f"{message.topic}\n{message.envelope.id}".encode()
    return blake2b(name, digest_size=_FINGERPRINT_BYTES).hexdigest()


def remember(case: Case, mark: str) -> Case:
    """The case with ``mark`` as its latest input; the oldest beyond the limit is forgotten."""
    return case.model_copy(update={"recent_inputs": (*case.recent_inputs[1 - REMEMBERED_INPUTS :], mark)})
