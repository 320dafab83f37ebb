"""The ids of the configured departments: each gets its own topics."""

from __future__ import annotations

from pathlib import Path

import yaml

from shared.errors import ConfigurationError

DEPARTMENTS_FILE = Path("deploy/config/departments.yaml")


def department_ids(file: Path = DEPARTMENTS_FILE) -> list[str]:
    """The ``id`` of every entry of ``departments`` in the file, in order.

    Only the ids are read here; the router validates the rest. Raises ``ConfigurationError`` naming what is missing.
    """
    try:
        entries = yaml.safe_load(file.read_text(encoding="utf-8"))["departments"]
        return [str(entry["id"]) for entry in entries]
    except FileNotFoundError:
        raise ConfigurationError(f"{file} is missing; run from the project root or name --department") from None
    except (yaml.YAMLError, KeyError, TypeError) as failure:
        raise ConfigurationError(f"{file}: expected a list 'departments' of entries with an 'id' ({failure})") from None
