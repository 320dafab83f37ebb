"""Reading a configuration directory the way each service reads it, to say what is wrong before a service does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from shared.errors import ConfigurationError


def config_problems(directory: Path) -> list[str]:
    """One sentence per service that would refuse to start, or wait for what never comes; empty when all are content."""
    problems = []
    for service, read in READ_BY.items():
        try:
            read(directory)
        except ConfigurationError as problem:
            problems.append(f"{service}: {problem}")
    return problems


def _read_routing(directory: Path) -> None:
    from services.router.adapters.config_files import load_departments, load_rules, load_taxonomy

    load_rules(directory, load_departments(directory), load_taxonomy(directory))


def _read_clocks(directory: Path) -> None:
    from services.router.adapters.config_files import load_taxonomy
    from services.sla.adapters.config_files import load_calendars, load_policy

    path = directory / "sla" / "policy.yaml"
    policy = load_policy(path, load_calendars(directory / "calendars"))
    known = load_taxonomy(directory).category_ids
    for index, override in enumerate(policy.overrides):
        if override.when.category is not None and override.when.category not in known:
            raise ConfigurationError(
                f"{path}: overrides.{index}.when.category: there is no category {override.when.category!r}, so no case "
                f"would ever get it; known: {', '.join(known)}"
            )


def _read_letters(directory: Path) -> None:
    from services.notifier.adapters.config_files import load_departments
    from services.notifier.media.mail.templates import MailTemplates

    load_departments(directory / "departments.yaml")
    MailTemplates(directory / "templates", ZoneInfo("UTC"))


READ_BY: Final[Mapping[str, Callable[[Path], None]]] = MappingProxyType(
    {"router": _read_routing, "sla": _read_clocks, "notifier": _read_letters}
)
"""Every service that decides by files: how it reads them."""
