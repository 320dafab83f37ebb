"""One request on its way, and the partition it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from services.notifier.domain.progress import NOTHING_YET, Progress
from services.notifier.sending.bookmarks import Bookmarks
from services.notifier.sending.offset_window import OffsetWindow
from shared.events.notifications import NotificationRequested
from shared.streaming.records import TopicPartition


@dataclass(slots=True, eq=False)
class OwnedPartition:
    """A partition of the requests while this process owns it; a new assignment makes a new object."""

    partition: TopicPartition
    bookmarks: Bookmarks
    recovered: dict[str, Progress]
    """What earlier owners did about requests not yet committed, by notification id; emptied as they are read."""
    window: OffsetWindow = field(default_factory=OffsetWindow)
    committed: int = 0
    is_owned: bool = True
    """False once it was given up: nothing of it may be handed over any more."""


@dataclass(slots=True, eq=False)
class Delivery:
    """One request, how far it got, and where it came from."""

    request: NotificationRequested
    origin: OwnedPartition
    offset: int
    traceparent: str | None
    progress: Progress = NOTHING_YET

    @property
    def conversation(self) -> str:
        """Messages of one conversation are sent in order: one complaint and one addressee."""
        return f"{self.request.complaint_id}/{self.request.audience}/{self.request.department or ''}"

    @property
    def due_at(self) -> datetime | None:
        """Not to be tried before this."""
        return self.progress.retry_at


Finished = tuple[OwnedPartition, int]
"""An offset about which nothing more will be done."""
