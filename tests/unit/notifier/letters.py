"""A letter writer with the real templates and departments, and requests for it."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from services.notifier.adapters.config_files import load_departments
from services.notifier.domain.letterhead import Letterhead
from services.notifier.domain.notification import AUDIENCES, EXAMPLE_PARAMETERS, Template, notification_id
from services.notifier.domain.template_values import TemplateValues
from services.notifier.media.mail.letter_writer import LetterWriter
from services.notifier.media.mail.templates import MailTemplates
from shared.events.complaint import Complainant
from shared.events.notifications import Audience, NotificationRequested
from tests.unit.notifier.cases import COMPLAINT_ID, NOON, TICKET

CONFIG = Path(__file__).parents[3] / "deploy" / "config"
SHANGHAI = ZoneInfo("Asia/Shanghai")
TEMPLATES = MailTemplates(CONFIG / "templates", SHANGHAI)
QUERY_CODE = "ABCD-EFGH-JKMN-PQRS"


def a_writer(status_url: str | None = None) -> LetterWriter:
    """A writer whose query codes are all the same."""
    names = {"zh-CN": "示例企业", "en": "Example Enterprise"}
    letterhead = Letterhead(names, contact="service@example.com", status_url=status_url)
    departments = load_departments(CONFIG / "departments.yaml").by_id()
    return LetterWriter(TEMPLATES, departments, TemplateValues(letterhead, lambda _complaint: QUERY_CODE), None)


def a_request(
    template: Template = Template.ACKNOWLEDGEMENT,
    language: str = "zh-CN",
    *,
    name: str | None = "李华",
    email: str | None = "li.hua@example.cn",
    department: str | None = "logistics",
    number: int = 0,
    complaint_id: str = COMPLAINT_ID,
    parameters: dict[str, str] | None = None,
) -> NotificationRequested:
    """A request with the example parameters; ``number`` tells requests apart."""
    to_department = AUDIENCES[template] is Audience.DEPARTMENT
    return NotificationRequested(
        notification_id=notification_id(f"cause-{complaint_id}-{number}", template),
        complaint_id=complaint_id,
        ticket_number=TICKET,
        cycle=1,
        template=template,
        language=language,
        medium="email",
        audience=AUDIENCES[template],
        department=department if to_department else None,
        complainant=None if to_department else Complainant(name=name, email=email),
        parameters=dict(EXAMPLE_PARAMETERS[template]) if parameters is None else parameters,
        cause_event_id=f"cause-{number}",
        requested_at=NOON,
    )
