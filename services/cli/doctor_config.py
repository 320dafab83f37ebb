"""Reading a configuration directory the way each service reads it, to say what is wrong before a service does."""

from __future__ import annotations

from pathlib import Path

import yaml

from shared.errors import ConfigurationError


def config_problems(directory: Path) -> list[str]:
    """One sentence per problem; empty when every reader is content."""
    problems = []
    for read in (_read_every_yaml_file, _read_clocks, _read_departments):
        try:
            read(directory)
        except ConfigurationError as problem:
            problems.append(str(problem))
    return problems


def _read_every_yaml_file(directory: Path) -> None:
    for file in sorted(directory.rglob("*.yaml")):
        try:
            yaml.safe_load(file.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as failure:
            raise ConfigurationError(f"{file}: {failure}") from None


def _read_clocks(directory: Path) -> None:
    from services.sla.adapters.config_files import load_calendars, load_policy

    load_policy(directory / "sla" / "policy.yaml", load_calendars(directory / "calendars"))


def _read_departments(directory: Path) -> None:
    from services.notifier.adapters.config_files import load_departments

    load_departments(directory / "departments.yaml")
