"""The texts of letters: ``deploy/config/templates/<language>/<template>.txt.j2``.

First line ``Subject: …``, then the body.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from services.notifier.domain.template_values import Values
from services.notifier.media.template_files import TemplateFiles, TemplateForm

SUBJECT_PREFIX: Final = "Subject: "


class Text(NamedTuple):
    """A rendered template."""

    subject: str
    body: str


class MailTemplates:
    """All templates of letters in all languages."""

    def __init__(self, directory: Path, zone: ZoneInfo) -> None:
        """Load and try every template; ConfigurationError lists each file that is wrong, and why."""
        form = TemplateForm(".txt.j2", _subject_and_body, {"reply_to": "service@example.com"})
        self._files = TemplateFiles(directory, zone, form)

    def render(self, template: str, language: str, values: Values) -> Text:
        """The text of ``template`` in ``language``; raises RenderingFailed."""
        subject, body = self._files.render(template, language, values)
        return Text(subject, body + "\n")


def _subject_and_body(source: str) -> tuple[str, str]:
    subject, _, body = source.partition("\n")
    if not subject.startswith(SUBJECT_PREFIX) or not subject.removeprefix(SUBJECT_PREFIX).strip():
        raise ValueError(f"the first line must be {SUBJECT_PREFIX!r} and a subject")
    if not body.strip():
        raise ValueError("there is no body below the subject")
    return subject.removeprefix(SUBJECT_PREFIX), body
