"""From a request to a letter: whom it goes to, and what its template makes of the values."""

from __future__ import annotations

from collections.abc import Mapping

from services.notifier.domain.department import Department
from services.notifier.domain.template_values import TemplateValues, Values
from services.notifier.media.mail.letter import Letter
from services.notifier.media.mail.templates import MailTemplates
from services.notifier.media.template_files import RenderingFailed
from services.notifier.sending.medium import Unsendable
from shared.events.notifications import Audience, NotificationRequested


class LetterWriter:
    """Writes letters. ``reply_to`` is the mailbox in which a person reads answers to them; None: there is none."""

    def __init__(
        self,
        templates: MailTemplates,
        departments: Mapping[str, Department],
        values: TemplateValues,
        reply_to: str | None,
    ) -> None:
        self._templates = templates
        self._departments = departments
        self._values = values
        self._reply_to = reply_to

    def write(self, request: NotificationRequested) -> Letter | Unsendable:
        """The letter ``request`` asks for, or why there can be none."""
        if request.audience == Audience.DEPARTMENT:
            return self._to_department(request)
        person = request.complainant
        if person is None or not person.email:
            return Unsendable("no_address", "the request names no e-mail address")
        return self._letter(request, person.email, self._values.to_complainant(request, person))

    def _to_department(self, request: NotificationRequested) -> Letter | Unsendable:
        department = self._departments.get(request.department or "")
        if department is None:
            return Unsendable("unknown_department", f"departments.yaml has no {request.department!r}")
        if not department.email:
            return Unsendable("no_address", f"departments.yaml gives no email for {department.id!r}")
        return self._letter(request, department.email, self._values.to_department(request, department))

    def _letter(self, request: NotificationRequested, recipient: str, values: Values) -> Letter | Unsendable:
        try:
            text = self._templates.render(request.template, request.language, {**values, "reply_to": self._reply_to})
        except RenderingFailed as error:
            return Unsendable("template_failed", str(error))
        return Letter(
            request.notification_id, recipient, request.language, text.subject, text.body, request.requested_at
        )
