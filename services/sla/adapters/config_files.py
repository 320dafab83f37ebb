"""Reads the SLA service's decision data, calendars and policy. Whatever is wrong: ConfigurationError."""

from __future__ import annotations

from pathlib import Path

from services.sla.domain.calendar import BusinessCalendar
from services.sla.domain.calendar_definition import CalendarDefinition
from services.sla.domain.policy import SlaPolicy
from shared.config_file import read_config_file
from shared.errors import ConfigurationError


def load_calendar(path: Path) -> BusinessCalendar:
    """The calendar in a YAML file, named for the file (``cn.yaml`` is ``cn``)."""
    return BusinessCalendar.from_definition(read_config_file(path, CalendarDefinition), path.stem)


def load_calendars(directory: Path) -> dict[str, BusinessCalendar]:
    """All calendars of a directory by name."""
    paths = sorted(directory.glob("*.yaml"))
    if not paths:
        raise ConfigurationError(f"{directory}: no calendar (*.yaml) found; is the configuration directory right?")
    return {path.stem: load_calendar(path) for path in paths}


def load_policy(path: Path, calendars: dict[str, BusinessCalendar]) -> SlaPolicy:
    """The SLA policy in a YAML file; every clock's calendar must be one of ``calendars``."""
    policy = read_config_file(path, SlaPolicy)
    problems = [
        f"clocks.{name}.calendar: there is no calendar {clock.calendar!r}; known: {', '.join(sorted(calendars))}"
        for name, clock in policy.clocks.items()
        if clock.calendar not in calendars
    ]
    if problems:
        raise ConfigurationError(f"{path}: " + "; ".join(problems))
    return policy
