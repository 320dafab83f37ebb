"""The notifier's view of departments.yaml."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.notifier.adapters.config_files import load_departments
from shared.errors import ConfigurationError
from tests.unit.notifier.letters import CONFIG


def test_the_shipped_file_names_the_triage_and_an_address_for_everybody() -> None:
    departments = load_departments(CONFIG / "departments.yaml")
    assert departments.by_id()[departments.triage.id].triage
    assert all(department.email for department in departments.departments)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("departments: []", "departments"),
        ("departments: [{id: a, name_zh: 甲, name_en: A}]", "exactly one department must be the triage"),
        ("departments: [{id: a, triage: true}]", "departments.0.name_zh"),
        ("departments: [", "not valid YAML"),
        ("just text", "file"),
    ],
)
def test_a_wrong_file_is_refused_with_file_and_reason(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "departments.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refusal:
        load_departments(path)
    assert str(path) in str(refusal.value)
    assert reason in str(refusal.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"departments\.yaml: cannot be read"):
        load_departments(tmp_path / "departments.yaml")
