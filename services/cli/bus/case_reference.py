"""What people call a case by: its id, or the ticket number that follows from it."""

from __future__ import annotations

from uuid import UUID

from shared.clock import from_epoch_ms
from shared.errors import ComplaintBusError
from shared.events import ids

_ANY_DAY = from_epoch_ms(0)


def parse_case(case: str) -> UUID | str:
    """A complaint id as UUID, or a well-formed ticket number as text."""
    try:
        return UUID(case)
    except ValueError:
        pass
    ticket = case.strip().upper()
    if not ids.is_ticket_number(ticket):
        raise ComplaintBusError(
            f"{case!r} is neither a complaint id nor a ticket number; if it was read aloud, its check character says "
            "that a character is wrong"
        )
    return ticket


def ticket_middle(key: bytes) -> str | None:
    """The part of the ticket number that follows from this complaint id; None where the key is no id."""
    try:
        return ids.ticket_number(key.decode(), _ANY_DAY).split("-")[1]
    except ValueError:
        return None
