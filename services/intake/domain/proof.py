"""What shows that somebody may speak for a case."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from shared.events import ids


class Proof(Protocol):
    """Names a case and shows that its sender belongs to it."""

    def opened(self, secret: bytes) -> str | None:
        """The complaint_id of the case it opens, in its one written form; None where it opens none."""


@dataclass(frozen=True, slots=True)
class QueryCode:
    """The code given with the ticket; ``complaint_id`` is what the sender typed."""

    complaint_id: str
    code: str = field(repr=False)

    def opened(self, secret: bytes) -> str | None:
        """The same work is done whatever is wrong, so nothing can be found out by trying."""
        try:
            complaint_id = str(UUID(self.complaint_id))
        except ValueError:
            complaint_id = str(UUID(int=0))
        return complaint_id if ids.is_query_code(secret, complaint_id, self.code) else None
