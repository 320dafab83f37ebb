"""Reads the router's decision data: taxonomy, departments and routing rules.

Whatever is wrong is a ConfigurationError naming the file, the path inside it and the reason, all problems of a file at
once. Keys given twice are refused: YAML would silently keep the last one, and half the terms of a category were gone.
"""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from services.router.domain.departments import Departments
from services.router.domain.routing_rules import RoutingRules
from services.router.domain.rule_checks import problems
from services.router.domain.taxonomy import Taxonomy
from shared.errors import ConfigurationError

TAXONOMY_FILE = "taxonomy.yaml"
DEPARTMENTS_FILE = "departments.yaml"
RULES_FILE = "routing.yaml"

_ModelT = TypeVar("_ModelT", bound=BaseModel)


def load_taxonomy(config_dir: Path) -> Taxonomy:
    """The taxonomy, compiled, so that the first complaint does not wait for it."""
    taxonomy = _parse(config_dir / TAXONOMY_FILE, Taxonomy)
    _ = taxonomy.compiled
    return taxonomy


def load_departments(config_dir: Path) -> Departments:
    """The departments; exactly one is the triage."""
    return _parse(config_dir / DEPARTMENTS_FILE, Departments)


def load_rules(config_dir: Path, departments: Departments, taxonomy: Taxonomy) -> RoutingRules:
    """The routing rules, checked against departments and taxonomy."""
    path = config_dir / RULES_FILE
    rules = _parse(path, RoutingRules)
    if found := problems(rules, departments, taxonomy):
        raise ConfigurationError(f"{path}: " + "; ".join(found))
    return rules


def _parse(path: Path, model: type[_ModelT]) -> _ModelT:
    data = _read_yaml(path)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ConfigurationError(f"{path}: " + "; ".join(_problems_of(error))) from None


def _problems_of(error: ValidationError) -> list[str]:
    found = []
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        place = ".".join(str(part) for part in problem["loc"])
        reason = problem["msg"].removeprefix("Value error, ")
        found.append(f"{place}: {reason}" if place else reason)
    return found


def _read_yaml(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from error
    try:
        return yaml.load(text, _StrictLoader)  # noqa: S506 - a SafeLoader that also refuses repeated keys
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path}: not valid YAML: {error}") from error


class _StrictLoader(yaml.SafeLoader):
    """Plain YAML data, no key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for place, key in enumerate(keys):
            if key in keys[:place]:
                mark = node.value[place][0].start_mark
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is given twice", mark)
        return super().construct_mapping(node, deep=deep)
