"""Amounts in rules: a currency by any of its names is that currency; one that does not exist is refused on loading."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from services.router.adapters.config_files import load_departments, load_rules, load_taxonomy
from services.router.domain.routing_rules import When
from shared.errors import ConfigurationError
from tests.unit.router.shipped_config import CONFIG_DIR


@pytest.mark.parametrize("name", ["RMB", "cny", "￥", "人民币"])
def test_a_rule_reads_a_currency_by_its_other_names(name: str) -> None:
    assert When.model_validate({"min_amount": {name: "100"}}).min_amount == {"CNY": Decimal(100)}


@pytest.mark.parametrize(("amounts", "reason"), [({"XYZ": 1}, "'XYZ' is no currency"), ({"RMB": 1, "cny": 2}, "twice")])
def test_what_is_wrong_in_a_rule_is_named_with_file_and_place(
    tmp_path: Path, amounts: dict[str, int], reason: str
) -> None:
    shutil.copytree(CONFIG_DIR, tmp_path, dirs_exist_ok=True)
    rules = yaml.safe_load((tmp_path / "routing.yaml").read_text(encoding="utf-8"))
    rules["also"][0]["when"] = {"min_amount": amounts}
    (tmp_path / "routing.yaml").write_text(yaml.safe_dump(rules, allow_unicode=True), encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        load_rules(tmp_path, load_departments(tmp_path), load_taxonomy(tmp_path))
    assert all(part in str(refused.value) for part in ("routing.yaml", "also.0.when.min_amount", reason))


def test_the_taxonomy_refuses_it_too(tmp_path: Path) -> None:
    taxonomy = yaml.safe_load((CONFIG_DIR / "taxonomy.yaml").read_text(encoding="utf-8"))
    taxonomy["severity"]["high_amounts"] = {"XYZ": 1}
    (tmp_path / "taxonomy.yaml").write_text(yaml.safe_dump(taxonomy, allow_unicode=True), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"taxonomy\.yaml: severity\.high_amounts: 'XYZ' is no currency"):
        load_taxonomy(tmp_path)
