"""Reading a configuration directory the way each service reads it, to say what is wrong before a service does."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from shared.errors import ConfigurationError


def config_problems(directory: Path) -> list[str]:
    """One sentence per service that would refuse to start; empty when every one is content."""
    problems = []
    for service, read in (("router", _read_routing), ("sla", _read_clocks), ("notifier", _read_letters)):
        try:
            read(directory)
        except ConfigurationError as problem:
            problems.append(f"{service}: {problem}")
    return problems


def _read_routing(directory: Path) -> None:
    from services.router.adapters.config_files import load_departments, load_rules, load_taxonomy

    load_rules(directory, load_departments(directory), load_taxonomy(directory))


def _read_clocks(directory: Path) -> None:
    from services.sla.adapters.config_files import load_calendars, load_policy

    load_policy(directory / "sla" / "policy.yaml", load_calendars(directory / "calendars"))


def _read_letters(directory: Path) -> None:
    from services.notifier.adapters.config_files import load_departments
    from services.notifier.adapters.templates import TemplateSet

    load_departments(directory / "departments.yaml")
    TemplateSet(directory / "templates", ZoneInfo("UTC"))
