"""Recognising an update or message that was written twice.

The engine reads each record once, but a writer may produce the same event (same ``ce_id``) again after a time-out.
A case remembers its latest inputs by fingerprint: fixed size, whatever a writer puts into ``ce_id``, and including
the writer, so that no department can use up the ids of another.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from services.router.domain.case import Case

REMEMBERED_INPUTS: Final = 16
CONSUMER: Final = ""
_FINGERPRINT_BYTES: Final = 8


def fingerprint(writer: str, ce_id: str) -> str:
    """64 bits, hex. ``writer``: a department's id, or ``CONSUMER``."""
    return blake2b(f"{writer}\n{ce_id}".encode(), digest_size=_FINGERPRINT_BYTES).hexdigest()


def remember(case: Case, mark: str) -> Case:
    """The case with ``mark`` as its latest input; the oldest beyond the limit is forgotten."""
    return case.model_copy(update={"recent_inputs": (*case.recent_inputs[1 - REMEMBERED_INPUTS :], mark)})
