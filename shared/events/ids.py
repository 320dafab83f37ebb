"""Identifiers: deterministic, so that any repeat anywhere has the same id (design, Ids)."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from stdnum.iso7064 import mod_37_36

COMPLAINT_NAMESPACE = UUID("6f2c0a52-6b64-5c8e-9d53-0f6f6a1c7d10")
EVENT_NAMESPACE = UUID("a3d1f7c4-25a7-5a0b-8c1e-5f0b7f7e2b44")

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Base 32 without I, L, O and U, which people mishear."""

_EVENT_NAMESPACE_BYTES = EVENT_NAMESPACE.bytes
_UUID_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}

TICKET_ZONE = ZoneInfo("Asia/Shanghai")
TICKET_ID_CHARACTERS = 10  # 50 bits: a day of a million tickets collides with probability 0.0005
QUERY_CODE_CHARACTERS = 16  # 80 bits


def complaint_id(channel: str, channel_message_id: str) -> str:
    """The id of a submission: UUIDv5 of channel and the sender's own id for it."""
    return str(uuid5(COMPLAINT_NAMESPACE, f"{channel}\n{channel_message_id}"))


def event_id(cause: str, event_type: str, discriminator: str = "") -> str:
    """The ``ce_id`` of an event: UUIDv5 of what caused it, what it is, and which one if there are several."""
    return _uuid5(_EVENT_NAMESPACE_BYTES, f"{cause}\n{event_type}\n{discriminator}")


def assignment_id(complaint: str, cycle: int, department: str, attempt: int) -> str:
    """The id of a department's task: the ``attempt``-th assignment of the cycle to that department."""
    return event_id(complaint, "assignment", f"{cycle}/{department}/{attempt}")


def ticket_number(complaint: str, received_at: datetime) -> str:
    """``YYYYMMDD-XXXXXXXXXX-C``: day of receipt in China, 50 bits of the id, ISO 7064 mod 37,36 check character."""
    day = received_at.astimezone(TICKET_ZONE).strftime("%Y%m%d")
    body = _base32(UUID(complaint).bytes, TICKET_ID_CHARACTERS)
    return f"{day}-{body}-{mod_37_36.calc_check_digit(day + body)}"


def is_ticket_number(text: str) -> bool:
    """True when ``text`` is well formed and its check character is right; a mistyped number is not."""
    parts = text.strip().upper().split("-")
    if [len(part) for part in parts] != [8, TICKET_ID_CHARACTERS, 1]:
        return False
    return bool(mod_37_36.is_valid("".join(parts)))


def query_code(secret: bytes, complaint: str) -> str:
    """The code that, with the ticket number, opens a case to its complainant. Never stored, logged, put on a topic."""
    code = _base32(hmac.digest(secret, complaint.encode(), "sha256"), QUERY_CODE_CHARACTERS)
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))


def is_query_code(secret: bytes, complaint: str, code: str) -> bool:
    """Compare in constant time; case and dashes do not matter."""
    expected = query_code(secret, complaint).replace("-", "")
    return hmac.compare_digest(expected.encode(), code.strip().upper().replace("-", "").encode(errors="replace"))


def content_digest(content: bytes) -> str:
    """SHA-256 of a submission's canonical bytes, hex."""
    return hashlib.sha256(content).hexdigest()


def _uuid5(namespace: bytes, name: str) -> str:
    """``str(uuid5(…))`` in a third of the time: every event of the bus needs one (RFC 9562 §5.5)."""
    digest = hashlib.sha1(namespace + name.encode(), usedforsecurity=False).hexdigest()
    variant = _UUID_VARIANT[digest[16]]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


def _base32(data: bytes, characters: int) -> str:
    number = int.from_bytes(data, "big") >> (len(data) * 8 - characters * 5)
    digits = []
    for _ in range(characters):
        number, digit = divmod(number, 32)
        digits.append(CROCKFORD[digit])
    return "".join(reversed(digits))
