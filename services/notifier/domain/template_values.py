"""The values a template may use, whatever the medium. No word of a complaint is among them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from services.notifier.domain.department import Department
from services.notifier.domain.letterhead import Letterhead
from services.notifier.domain.notification import Template
from services.notifier.domain.salutation import salutation_name
from shared.events.complaint import Complainant
from shared.events.notifications import NotificationRequested

Values = Mapping[str, str | None]
"""By the names templates know them by; None: there is no such thing, and a template must do without."""


class TemplateValues:
    """``query_code`` gives the code that opens a complaint to its complainant (design, Ids)."""

    def __init__(self, letterhead: Letterhead, query_code: Callable[[str], str]) -> None:
        self._letterhead = letterhead
        self._query_code = query_code

    def to_complainant(self, request: NotificationRequested, person: Complainant) -> Values:
        """The values of a message to ``person``."""
        return self._values(request, {"name": salutation_name(person.name)})

    def to_department(self, request: NotificationRequested, department: Department) -> Values:
        """The values of a message to ``department``."""
        return self._values(request, {"department_name": department.name(request.language)})

    def _values(self, request: NotificationRequested, addressee: Values) -> Values:
        values: dict[str, str | None] = {
            **request.parameters,
            **addressee,
            "ticket_number": request.ticket_number,
            "organisation": self._letterhead.organisation.get(request.language),
            **self._doors(request),
        }
        if request.template == Template.ACKNOWLEDGEMENT:
            values["query_code"] = self._query_code(request.complaint_id)
        return values

    def _doors(self, request: NotificationRequested) -> Values:
        """The ways to reach the enterprise; None: there is no such way."""
        head, message_url = self._letterhead, self._letterhead.message_url
        if message_url is not None:
            for name in ("complaint_id", "ticket_number"):
                message_url = message_url.replace(f"{{{name}}}", getattr(request, name))
        return {"contact": head.contact, "status_url": head.status_url, "message_url": message_url}
