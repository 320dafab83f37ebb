"""Reads from ``departments.yaml`` what a message to a department needs: its name and its address."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.notifier.domain.department import Department
from shared.config_file import read_config_file


class Departments(BaseModel):
    """All departments of the enterprise."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    departments: tuple[Department, ...] = Field(min_length=1, description="All departments.")

    @model_validator(mode="after")
    def _has_one_triage(self) -> Self:
        if sum(department.triage for department in self.departments) != 1:
            raise ValueError("exactly one department must be the triage")
        return self

    @property
    def triage(self) -> Department:
        """The one that gets what no department is responsible for."""
        return next(department for department in self.departments if department.triage)

    def by_id(self) -> Mapping[str, Department]:
        """Departments by id."""
        return {department.id: department for department in self.departments}


def load_departments(path: Path) -> Departments:
    """The departments in a YAML file; ConfigurationError names file, field and reason."""
    return read_config_file(path, Departments)
