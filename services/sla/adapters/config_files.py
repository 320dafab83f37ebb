"""Reads the SLA service's decision data: business calendars and the SLA policy.

Whatever is wrong is reported as ConfigurationError naming the file, the path inside it and the reason, all problems of
a file at once. Keys given twice are refused: YAML would silently keep the last one, and a holiday would be lost.
"""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from services.sla.domain.calendar import BusinessCalendar
from services.sla.domain.calendar_definition import CalendarDefinition
from services.sla.domain.policy import SlaPolicy
from shared.errors import ConfigurationError

_ModelT = TypeVar("_ModelT", bound=BaseModel)


def load_calendar(path: Path) -> BusinessCalendar:
    """The calendar in a YAML file, named for the file (``cn.yaml`` is ``cn``)."""
    return BusinessCalendar.from_definition(_parse(path, CalendarDefinition), path.stem)


def load_calendars(directory: Path) -> dict[str, BusinessCalendar]:
    """All calendars of a directory by name."""
    paths = sorted(directory.glob("*.yaml"))
    if not paths:
        raise ConfigurationError(f"{directory}: no calendar (*.yaml) found; is the configuration directory right?")
    return {path.stem: load_calendar(path) for path in paths}


def load_policy(path: Path, calendars: dict[str, BusinessCalendar]) -> SlaPolicy:
    """The SLA policy in a YAML file; every clock's calendar must be one of ``calendars``."""
    policy = _parse(path, SlaPolicy)
    problems = [
        f"clocks.{name}.calendar: there is no calendar {clock.calendar!r}; known: {', '.join(sorted(calendars))}"
        for name, clock in policy.clocks.items()
        if clock.calendar not in calendars
    ]
    if problems:
        raise ConfigurationError(f"{path}: " + "; ".join(problems))
    return policy


def problems_of(error: ValidationError) -> list[tuple[str, str]]:
    """Where and why, for each problem: ``("hours.mon.0", "'25:00' is not a time of day …")``; where may be empty."""
    return [
        (".".join(str(part) for part in problem["loc"]), problem["msg"].removeprefix("Value error, "))
        for problem in error.errors(include_input=False, include_url=False, include_context=False)
    ]


def _parse(path: Path, model: type[_ModelT]) -> _ModelT:
    data = _read_yaml(path)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = [f"{where}: {reason}" if where else reason for where, reason in problems_of(error)]
        raise ConfigurationError(f"{path}: " + "; ".join(problems)) from None


def _read_yaml(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from error
    try:
        return yaml.load(text, _StrictLoader)  # noqa: S506 - a SafeLoader that also refuses repeated keys
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigurationError(f"{path}: not valid YAML: {error}") from error


class _StrictLoader(yaml.SafeLoader):
    """Plain YAML data, no key twice. Dates stay texts, so that a wrong one is reported with its place."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML looks it up on the class
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable):
                if key in seen:
                    raise yaml.constructor.ConstructorError(
                        "while reading a mapping", node.start_mark, f"key {key} is given twice", key_node.start_mark
                    )
                seen.add(key)
        return super().construct_mapping(node, deep=deep)
