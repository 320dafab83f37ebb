"""The decision data that is shipped, loaded once for all tests that judge it."""

from __future__ import annotations

from pathlib import Path

from services.router.adapters.config_files import load_departments, load_rules, load_taxonomy
from services.router.domain.compiled_taxonomy import CompiledTaxonomy

CONFIG_DIR = Path(__file__).resolve().parents[3] / "deploy" / "config"
TAXONOMY = load_taxonomy(CONFIG_DIR)
COMPILED = CompiledTaxonomy(TAXONOMY)
DEPARTMENTS = load_departments(CONFIG_DIR)
RULES = load_rules(CONFIG_DIR, DEPARTMENTS, TAXONOMY)
