"""Templates of any medium: a directory per language, a file per message, in the form their medium wants.

They run in Jinja's sandbox; a value that is missing is an error, not an empty string. Each is rendered with example
values when it is loaded, so a broken one stops the start, not a message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from services.notifier.domain.notification import AUDIENCES, EXAMPLE_PARAMETERS, LANGUAGES, Template
from services.notifier.domain.template_values import Values
from services.notifier.media.instants import instant_filter
from shared.errors import ConfigurationError
from shared.events.notifications import Audience

_DOORS: Mapping[str, str] = MappingProxyType(
    {
        "contact": "+86 10 5555 0100",
        "status_url": "https://status.example.com/",
        "message_url": "https://forms.example.com/",
    }
)
"""Ways to reach the enterprise, each of which may be missing: a template promises none without asking for it."""


class RenderingFailed(Exception):
    """A template could not be rendered with these values; the message names the template and the variable only."""


@dataclass(frozen=True, slots=True)
class TemplateForm:
    """How the template files of one medium look."""

    suffix: str
    """What a file's name has after that of the message: ``.txt.j2``."""
    split: Callable[[str], tuple[str, ...]]
    """The parts of a file's content that are rendered each by itself; raises ValueError with what is wrong with it."""
    doors: Mapping[str, str] = field(default_factory=dict)
    """Ways to reach the enterprise that this medium adds, by name in templates, with examples."""


class TemplateFiles:
    """All templates of one medium in all languages."""

    def __init__(self, directory: Path, zone: ZoneInfo, form: TemplateForm) -> None:
        """Load and try every template; ConfigurationError lists each file that is wrong, and why."""
        self._parts: dict[tuple[str, str], tuple[jinja2.Template, ...]] = {}
        problems: list[str] = []
        for language in LANGUAGES:
            environment = _environment(directory, language, zone)
            for template in Template:
                path = directory / language / f"{template}{form.suffix}"
                try:
                    parts = form.split(path.read_text(encoding="utf-8"))
                    self._parts[template, language] = tuple(map(environment.from_string, parts))
                    for values in _examples(template, {**_DOORS, **form.doors}):
                        self.render(template, language, values)
                except (OSError, UnicodeDecodeError, ValueError, jinja2.TemplateError, RenderingFailed) as error:
                    problems.append(f"{path}: {error}")
        if problems:
            raise ConfigurationError("; ".join(problems))

    def render(self, template: str, language: str, values: Values) -> tuple[str, ...]:
        """The parts of ``template`` in ``language``, without white space around them; raises RenderingFailed."""
        try:
            parts = self._parts[template, language]
        except KeyError:
            raise RenderingFailed(f"there is no template {template!r} in {language!r}") from None
        try:
            return tuple(part.render(values).strip() for part in parts)
        except (jinja2.TemplateError, ValueError) as error:
            reason = error.message if isinstance(error, jinja2.UndefinedError) else type(error).__name__
            raise RenderingFailed(f"{template} in {language}: {reason}") from None


def _examples(template: Template, doors: Values) -> Iterator[Values]:
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
    yield {**common, "name": None, **dict.fromkeys(doors)}
    yield {**common, "name": "Li Hua", **doors}


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
