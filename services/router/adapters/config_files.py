"""Reads the router's decision data: taxonomy, departments and routing rules. Whatever is wrong: ConfigurationError."""

from __future__ import annotations

from pathlib import Path

from services.router.domain.departments import Departments
from services.router.domain.routing_rules import RoutingRules
from services.router.domain.rule_checks import problems
from services.router.domain.taxonomy import Taxonomy
from shared.config_file import read_config_file
from shared.errors import ConfigurationError

TAXONOMY_FILE = "taxonomy.yaml"
DEPARTMENTS_FILE = "departments.yaml"
RULES_FILE = "routing.yaml"


def load_taxonomy(config_dir: Path) -> Taxonomy:
    """The taxonomy; what compiles it does so before the first complaint."""
    return read_config_file(config_dir / TAXONOMY_FILE, Taxonomy)


def load_departments(config_dir: Path) -> Departments:
    """The departments; exactly one is the triage."""
    return read_config_file(config_dir / DEPARTMENTS_FILE, Departments)


def load_rules(config_dir: Path, departments: Departments, taxonomy: Taxonomy) -> RoutingRules:
    """The routing rules, checked against departments and taxonomy."""
    path = config_dir / RULES_FILE
    rules = read_config_file(path, RoutingRules)
    if found := problems(rules, departments, taxonomy):
        raise ConfigurationError(f"{path}: " + "; ".join(found))
    return rules
