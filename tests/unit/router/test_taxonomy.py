"""The taxonomy as data: what is refused on loading, and what the shipped one promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from services.router.adapters.config_files import load_taxonomy
from services.router.domain.taxonomy import UNCLEAR, Taxonomy
from shared.errors import ConfigurationError
from shared.events.decisions import Severity
from tests.unit.router.shipped_config import COMPILED, CONFIG_DIR, TAXONOMY

MISSION_CATEGORIES = {
    "product_quality",
    "service",
    "price",
    "contract",
    "after_sales",
    "safety",
    "logistics",
    "fraud_privacy",
    "other",
}


def shipped() -> dict[str, Any]:
    """The shipped taxonomy as plain data, to be spoilt."""
    data: dict[str, Any] = yaml.safe_load((CONFIG_DIR / "taxonomy.yaml").read_text(encoding="utf-8"))
    return data


def load(tmp_path: Path, data: object) -> Taxonomy:
    (tmp_path / "taxonomy.yaml").write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return load_taxonomy(tmp_path)


def test_the_shipped_taxonomy_has_the_categories_of_the_mission() -> None:
    assert set(TAXONOMY.category_ids) == MISSION_CATEGORIES


def test_every_category_has_names_in_both_languages_and_evidence_in_both() -> None:
    for category in TAXONOMY.categories:
        assert not category.label_zh.isascii()
        assert category.label_en.isascii()
        terms = [term for terms in category.terms.values() for term in terms]
        assert category.id == UNCLEAR or {term.isascii() for term in terms} == {True, False}


@pytest.mark.parametrize(
    ("declared", "category"),
    [
        ("quality", "product_quality"),
        ("product_quality", "product_quality"),
        ("产品质量", "product_quality"),
        (" Price and charges ", "price"),
        ("BILLING", "price"),
        ("nonsense", None),
        (None, None),
    ],
)
def test_a_declared_category_is_known_by_id_alias_or_label(declared: str | None, category: str | None) -> None:
    assert COMPILED.category_of(declared) == category


def test_danger_and_stolen_money_or_identities_are_never_below_high() -> None:
    least = {category.id: category.minimum_severity for category in TAXONOMY.categories if category.minimum_severity}
    assert least == {"safety": Severity.HIGH, "fraud_privacy": Severity.MEDIUM}


def test_a_category_without_a_least_severity_has_no_reason_for_it() -> None:
    with pytest.raises(ValueError, match="'service' has no minimum_severity"):
        TAXONOMY.by_id["service"].reason_of_minimum("en")


def test_a_taxonomy_survives_the_way_to_a_file_and_back(tmp_path: Path) -> None:
    assert load(tmp_path, shipped()) == TAXONOMY


@pytest.mark.parametrize(
    ("spoil", "place", "reason"),
    [
        (lambda d: d.pop("version"), "version", "Field required"),
        (lambda d: d.update(colour="red"), "colour", "not permitted"),
        (lambda d: d["categories"].pop(), "categories", "'other' is missing"),
        (lambda d: d["categories"][1].update(id="product_quality"), "categories", "'product_quality' is given twice"),
        (lambda d: d["categories"][0].update(id="Bad Id"), "categories.0.id", "pattern"),
        (lambda d: d["categories"][0]["terms"][3].append("(a"), "categories.0.terms.3", "'(a'"),
        (lambda d: d["categories"][0]["terms"][3].append("贵"), "categories.0.terms.3", "two characters"),
        (lambda d: d["categories"][0]["terms"][3].append("--"), "categories.0.terms.3", "needs a word"),
        (lambda d: d["categories"][0]["terms"][1].append("异响"), "categories.0", "two weights: 异响"),
        (lambda d: d["categories"][0]["terms"].update({99: ["x-ray"]}), "categories.0.terms.99", "less than or equal"),
        (
            lambda d: d["categories"][4].update(minimum_severity="critical"),
            "categories.4",
            "'critical' is not possible",
        ),
        (lambda d: d["categories"][4].update(minimum_severity="low"), "categories.4", "'low' is not possible"),
        (lambda d: d["categories"][4].update(minimum_severity="grave"), "categories.4.minimum_severity", "'critical'"),
        (lambda d: d["traditional"].append("傷伤残"), "traditional", "'傷伤残': must be two different characters"),
        (lambda d: d["traditional"].append("伤伤"), "traditional", "'伤伤': must be two different characters"),
        (lambda d: d["traditional"].append("傷残"), "traditional", "read as two characters: 傷"),
        (lambda d: d["traditional"].append("伤残"), "traditional", "no term can be found that has 伤"),
        (lambda d: d["safety"]["dangers"][0].update(category="x"), "safety.dangers.0.category", "no category 'x'"),
        (lambda d: d["safety"]["chinese"]["denials"].append("(没"), "safety.chinese.denials", "regular expression"),
    ],
)
def test_what_is_wrong_is_named_with_file_place_and_reason(tmp_path: Path, spoil: Any, place: str, reason: str) -> None:
    data = shipped()
    spoil(data)
    with pytest.raises(ConfigurationError) as refused:
        load(tmp_path, data)
    message = str(refused.value)
    assert str(tmp_path / "taxonomy.yaml") in message
    assert place in message
    assert reason in message


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taxonomy.yaml").write_text('version: "1"\nversion: "2"\n', encoding="utf-8")
    with pytest.raises(ConfigurationError, match="'version' is given twice"):
        load_taxonomy(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"taxonomy\.yaml: cannot be read"):
        load_taxonomy(tmp_path)
