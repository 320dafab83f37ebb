"""Who acts on complaints: the departments, ``deploy/config/departments.yaml``. Each has its own topics under its id."""

from __future__ import annotations

from collections import Counter
from functools import cached_property

from pydantic import Field, model_validator

from services.router.domain.config_model import ConfigModel


class Department(ConfigModel):
    """One department."""

    id: str = Field(pattern=r"^[a-z0-9-]+$", max_length=60, description="Name in topics, rules and decisions.")
    name_zh: str = Field(min_length=1, max_length=100, description="Name for people, Chinese.")
    name_en: str = Field(min_length=1, max_length=100, description="Name for people, English.")
    email: str | None = Field(None, max_length=254, description="Where notices go; absent: the desk page only.")
    mandatory_co_handler: bool = Field(
        True, description="As a co-handler: the case is resolved only when this department is done."
    )
    triage: bool = Field(False, description="True for the one that reads what no rule could place.")


class Departments(ConfigModel):
    """All departments; exactly one is the triage, so that every complaint has somewhere to go."""

    version: str = Field(min_length=1, max_length=40, description="Version of the list.")
    departments: tuple[Department, ...] = Field(min_length=1, description="All departments.")

    @model_validator(mode="after")
    def _consistent(self) -> Departments:
        repeated = [
            id_ for id_, times in Counter(department.id for department in self.departments).items() if times > 1
        ]
        if repeated:
            raise ValueError(f"departments: the id {repeated[0]!r} is given twice")
        if len(triage := [department.id for department in self.departments if department.triage]) != 1:
            raise ValueError(f"departments: exactly one must have triage: true, found {len(triage)} {triage}")
        return self

    @cached_property
    def by_id(self) -> dict[str, Department]:
        """Departments by id, in file order."""
        return {department.id: department for department in self.departments}

    @property
    def ids(self) -> tuple[str, ...]:
        """All ids, in file order."""
        return tuple(self.by_id)

    @cached_property
    def triage(self) -> Department:
        """The department that reads what no rule could place."""
        return next(department for department in self.departments if department.triage)
