"""Reads from ``departments.yaml`` whose queues there are."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from shared.config_file import read_config_file


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
    return tuple(department.id for department in read_config_file(path, _Departments).departments)
