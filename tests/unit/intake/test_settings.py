"""Unsafe settings refuse to start, with words that say which variable to set."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.intake import settings
from services.intake.settings import DEVELOPMENT_SECRET, HttpSettings, IntakeSettings
from shared.errors import ConfigurationError
from shared.settings import ServiceSettings, load_settings


@pytest.mark.parametrize("secret", [None, DEVELOPMENT_SECRET, "too short"])
def test_without_a_secret_of_its_own_intake_does_not_start(monkeypatch: pytest.MonkeyPatch, secret: str | None) -> None:
    if secret is not None:
        monkeypatch.setenv("CBUS_QUERY_CODE_SECRET", secret)
    with pytest.raises(ConfigurationError, match="QUERY_CODE_SECRET"):
        load_settings(IntakeSettings)


def test_a_developer_may_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CBUS_DEVELOPMENT", "true")
    assert load_settings(IntakeSettings).development


def test_the_secret_is_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CBUS_QUERY_CODE_SECRET", "a very secret secret")
    settings = load_settings(IntakeSettings)
    assert "very secret" not in f"{settings!r} {settings}"


def test_acks_other_than_all_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CBUS_DEVELOPMENT", "true")
    monkeypatch.setenv("CBUS_KAFKA__ACKS", "1")
    with pytest.raises(ConfigurationError, match="CBUS_KAFKA__ACKS"):
        load_settings(IntakeSettings)


def test_a_misspelt_http_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CBUS_DEVELOPMENT", "true")
    monkeypatch.setenv("CBUS_HTTP__PROT", "80")
    with pytest.raises(ConfigurationError, match="CBUS_HTTP__PROT"):
        load_settings(IntakeSettings)


def test_the_readme_names_every_setting() -> None:
    readme = Path(settings.__file__).with_name("README.md").read_text(encoding="utf-8")
    own = set(IntakeSettings.model_fields) - set(ServiceSettings.model_fields) - {"http"}
    missing = [f"CBUS_{name.upper()}" for name in own if f"`CBUS_{name.upper()}`" not in readme]
    missing += [f"__{name.upper()}" for name in HttpSettings.model_fields if f"__{name.upper()}`" not in readme]
    assert missing == []
