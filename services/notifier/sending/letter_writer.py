"""From a request to a letter: whom it goes to, and the values its template may use. No word of a complaint is in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from services.notifier.adapters.config_files import Department
from services.notifier.adapters.templates import RenderingFailed, TemplateSet
from services.notifier.domain.letter import Letter, Letterhead, Unsendable
from services.notifier.domain.notification import Template
from services.notifier.domain.salutation import salutation_name
from shared.events.notifications import Audience, Medium, NotificationRequested


class LetterWriter:
    """Writes letters. ``query_code`` gives the code that opens a complaint to its complainant (design, Ids)."""

    def __init__(
        self,
        templates: TemplateSet,
        departments: Mapping[str, Department],
        letterhead: Letterhead,
        query_code: Callable[[str], str],
    ) -> None:
        self._templates = templates
        self._departments = departments
        self._letterhead = letterhead
        self._query_code = query_code

    def write(self, request: NotificationRequested) -> Letter | Unsendable:
        """The letter ``request`` asks for, or why there can be none."""
        if request.medium != Medium.EMAIL:
            return Unsendable("unknown_medium", f"there is no sender for medium {request.medium!r}")
        if request.audience == Audience.DEPARTMENT:
            return self._to_department(request)
        person = request.complainant
        if person is None or not person.email:
            return Unsendable("no_address", "the request names no e-mail address")
        return self._letter(request, person.email, {"name": salutation_name(person.name)})

    def _to_department(self, request: NotificationRequested) -> Letter | Unsendable:
        department = self._departments.get(request.department or "")
        if department is None:
            return Unsendable("unknown_department", f"departments.yaml has no {request.department!r}")
        if not department.email:
            return Unsendable("no_address", f"departments.yaml gives no email for {department.id!r}")
        return self._letter(request, department.email, {"department_name": department.name(request.language)})

    def _letter(
        self, request: NotificationRequested, recipient: str, values: Mapping[str, str | None]
    ) -> Letter | Unsendable:
        try:
            text = self._templates.render(request.template, request.language, self._values(request, values))
        except RenderingFailed as error:
            return Unsendable("template_failed", str(error))
        return Letter(
            request.notification_id, recipient, request.language, text.subject, text.body, request.requested_at
        )

    def _doors(self, request: NotificationRequested) -> dict[str, str | None]:
        """The ways to reach the enterprise, by the names templates know them by; None: there is no such way."""
        head, message_url = self._letterhead, self._letterhead.message_url
        if message_url is not None:
            for name in ("complaint_id", "ticket_number"):
                message_url = message_url.replace(f"{{{name}}}", getattr(request, name))
        return {
            "contact": head.contact,
            "status_url": head.status_url,
            "message_url": message_url,
            "reply_to": head.reply_to,
        }

    def _values(self, request: NotificationRequested, addressee: Mapping[str, str | None]) -> dict[str, str | None]:
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
