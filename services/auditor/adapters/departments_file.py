"""Reads from ``departments.yaml`` whose queues there are."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.errors import ConfigurationError


class _Department(BaseModel):
    """A department as the auditor sees it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(description="Department id, as in topic names.")


class _Departments(BaseModel):
    """All departments of the enterprise; what else the file says is other services' business."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    departments: tuple[_Department, ...] = Field(min_length=1, description="All departments.")


def department_ids(path: Path) -> tuple[str, ...]:
    """The departments in a YAML file; ConfigurationError names file, field and reason."""
    try:
        found = _Departments.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path}: not valid YAML: {error}") from error
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        listed = "; ".join(f"{'.'.join(map(str, p['loc'])) or 'file'}: {p['msg']}" for p in problems)
        raise ConfigurationError(f"{path}: {listed}") from None
    return tuple(department.id for department in found.departments)
