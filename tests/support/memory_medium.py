"""A medium in memory: carrier pigeons, and a loft that behaves as told. It shares nothing with mail but the socket."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from services.notifier.domain.department import Department
from services.notifier.domain.notification import LANGUAGES, Template
from services.notifier.domain.retry import Handover, HandoverResult
from services.notifier.sending.medium import MediumUnreachable, Parcel, Unsendable
from shared.events.notifications import Audience, NotificationRequested
from tests.support.medium_bench import Answer, Arrival

_AWAY = "loft_closed"
_ENDS: Mapping[Answer, Handover] = {
    Answer.REFUSE_FOR_NOW: Handover(HandoverResult.TRY_LATER, "loft_full"),
    Answer.REFUSE_FOR_GOOD: Handover(HandoverResult.REFUSED, "no_such_roof"),
    Answer.BREAK_OFF: Handover(HandoverResult.TRY_LATER, "pigeon_tired"),
    Answer.FALL_SILENT: Handover(HandoverResult.UNKNOWN, "pigeon_overdue"),
}


class Loft:
    """The provider, which all connections share."""

    def __init__(self) -> None:
        self.is_open = True
        self.season = 0
        self._answers: deque[Answer] = deque()
        self._arrived: list[tuple[str, Arrival]] = []

    def answer(self, answer: Answer) -> None:
        """Do this with the next message."""
        self._answers.append(answer)

    def arrived(self, request: NotificationRequested) -> list[Arrival]:
        """What came of ``request``."""
        return [arrival for key, arrival in self._arrived if key == request.notification_id]

    def go_away(self) -> None:
        """Close; whoever was connected is so no more."""
        self.is_open = False
        self.season += 1

    def come_back(self) -> None:
        """Open again."""
        self.is_open = True

    def take(self, parcel: Parcel) -> Handover:
        """Answer as told, or take the message."""
        answer = self._answers.popleft() if self._answers else None
        if answer is None or answer is Answer.FALL_SILENT:
            self._arrived.append((parcel.wire.decode(), Arrival(parcel.recipient, parcel.text)))
        return Handover(HandoverResult.ACCEPTED, "landed") if answer is None else _ENDS[answer]


class PigeonMedium:
    """One connection to a loft."""

    name = "pigeon"
    provider = "the pigeon loft"

    def __init__(self, loft: Loft, departments: Mapping[str, Department]) -> None:
        self._loft = loft
        self._departments = departments
        self._season: int | None = None

    def prepare(self, request: NotificationRequested) -> Parcel | Unsendable:
        """A roof to fly to, and the ticket number: there is no room for more."""
        if request.template not in list(Template) or request.language not in LANGUAGES:
            return Unsendable("template_failed", f"pigeons do not learn {request.template!r} in {request.language!r}")
        if request.audience == Audience.DEPARTMENT:
            department = self._departments.get(request.department or "")
            if department is None:
                return Unsendable("unknown_department", "no such department")
            roof = department.email
        else:
            roof = request.complainant.email if request.complainant is not None else None
        if not roof:
            return Unsendable("no_address", "nobody said which roof")
        return Parcel(roof, roof, None, request.ticket_number, request.notification_id.encode())

    def connect(self) -> None:
        """See whether the loft is open."""
        if not self._loft.is_open:
            raise MediumUnreachable(_AWAY)
        self._season = self._loft.season

    def hand_over(self, parcel: Parcel) -> Handover:
        """Let a pigeon go."""
        try:
            if self._season != self._loft.season:
                self.connect()
        except MediumUnreachable as unreachable:
            return Handover(HandoverResult.TRY_LATER, unreachable.reason)
        return self._loft.take(parcel)

    def close_if_idle(self) -> None:
        """Pigeons need no connection to be kept."""

    def close(self) -> None:
        """Forget the loft."""
        self._season = None
