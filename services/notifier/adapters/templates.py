"""The texts: ``deploy/config/templates/<language>/<template>.txt.j2``, first line ``Subject: …``, then the body.

Templates run in Jinja's sandbox; a value that is missing is an error, not an empty string. Each is rendered with
example values when it is loaded, so a broken one stops the start, not a letter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from services.notifier.adapters.instants import instant_filter
from services.notifier.domain.notification import AUDIENCES, EXAMPLE_PARAMETERS, LANGUAGES, Template
from shared.errors import ConfigurationError
from shared.events.notifications import Audience

SUBJECT_PREFIX = "Subject: "
SUFFIX = ".txt.j2"


_DOORS: Mapping[str, str | None] = MappingProxyType(
    {
        "contact": "+86 10 5555 0100",
        "status_url": "https://status.example.com/",
        "message_url": "https://forms.example.com/",
        "reply_to": "service@example.com",
    }
)
"""Ways to reach the enterprise, each of which may be missing: a template promises none without asking for it."""


class Text(NamedTuple):
    """A rendered template."""

    subject: str
    body: str


class RenderingFailed(Exception):
    """A template could not be rendered with these values; the message names the template and the variable only."""


class TemplateSet:
    """All templates in all languages."""

    def __init__(self, directory: Path, zone: ZoneInfo) -> None:
        """Load and try every template; ConfigurationError lists each file that is wrong, and why."""
        self._texts: dict[tuple[str, str], tuple[jinja2.Template, jinja2.Template]] = {}
        problems: list[str] = []
        for language in LANGUAGES:
            environment = _environment(directory, language, zone)
            for template in Template:
                path = directory / language / f"{template}{SUFFIX}"
                try:
                    self._texts[template, language] = _load(environment, path)
                    for values in _examples(template):
                        self.render(template, language, values)
                except (OSError, UnicodeDecodeError, ValueError, jinja2.TemplateError, RenderingFailed) as error:
                    problems.append(f"{path}: {error}")
        if problems:
            raise ConfigurationError("; ".join(problems))

    def render(self, template: str, language: str, values: Mapping[str, str | None]) -> Text:
        """The text of ``template`` in ``language``; raises RenderingFailed."""
        try:
            subject, body = self._texts[template, language]
        except KeyError:
            raise RenderingFailed(f"there is no template {template!r} in {language!r}") from None
        try:
            return Text(subject.render(values).strip(), body.render(values).strip() + "\n")
        except (jinja2.TemplateError, ValueError) as error:
            reason = error.message if isinstance(error, jinja2.UndefinedError) else type(error).__name__
            raise RenderingFailed(f"{template} in {language}: {reason}") from None


def _examples(template: Template) -> Iterator[dict[str, str | None]]:
    """Everything a template may use: once with all that is optional, once without."""
    common: dict[str, str | None] = {
        **EXAMPLE_PARAMETERS[template],
        "ticket_number": "20260302-0123456789-A",
        "organisation": "Example Ltd",
    }
    if template is Template.ACKNOWLEDGEMENT:
        common["query_code"] = "AAAA-BBBB-CCCC-DDDD"
    if AUDIENCES[template] is Audience.DEPARTMENT:
        common["department_name"] = "Quality"
    yield {**common, "name": None, **dict.fromkeys(_DOORS)}
    yield {**common, "name": "Li Hua", **_DOORS}


def _environment(directory: Path, language: str, zone: ZoneInfo) -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        loader=jinja2.FileSystemLoader([directory / language]),
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["instant"] = instant_filter(language, zone)
    return environment


def _load(environment: SandboxedEnvironment, path: Path) -> tuple[jinja2.Template, jinja2.Template]:
    subject, _, body = path.read_text(encoding="utf-8").partition("\n")
    if not subject.startswith(SUBJECT_PREFIX) or not subject.removeprefix(SUBJECT_PREFIX).strip():
        raise ValueError(f"the first line must be {SUBJECT_PREFIX!r} and a subject")
    if not body.strip():
        raise ValueError("there is no body below the subject")
    return environment.from_string(subject.removeprefix(SUBJECT_PREFIX)), environment.from_string(body)
