"""Unsafe settings refuse to start, with the variable's name and what to do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.intake.settings import DEVELOPMENT_SECRET as INTAKES_DEVELOPMENT_SECRET
from services.notifier.settings import DEVELOPMENT_SECRET, NotifierSettings
from shared.errors import ConfigurationError
from shared.settings import load_settings


@pytest.fixture(autouse=True)
def _development(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CBUS_DEVELOPMENT", "true")


def test_without_a_secret_it_refuses_to_start_unless_in_development(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings(NotifierSettings).development
    monkeypatch.delenv("CBUS_DEVELOPMENT")
    with pytest.raises(ConfigurationError, match="CBUS_QUERY_CODE_SECRET is not set"):
        load_settings(NotifierSettings)


def test_the_development_secret_is_intakes() -> None:
    assert DEVELOPMENT_SECRET == INTAKES_DEVELOPMENT_SECRET


def test_a_short_secret_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CBUS_QUERY_CODE_SECRET", "too short")
    with pytest.raises(ConfigurationError, match=r"QUERY_CODE_SECRET.*16"):
        load_settings(NotifierSettings)


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("CBUS_SMTP__FROM_ADDRESS", "not an address", "not an e-mail address"),
        ("CBUS_SMTP__REPLY_TO", "a@example.com\r\nBcc: b@example.com", "not an e-mail address"),
        ("CBUS_SMTP__FROM_NAME", "a\r\nBcc: b@example.com", "control characters"),
        ("CBUS_SMTP__SECURITY", "maybe", "starttls"),
        ("CBUS_SMTP__USERNAME", "relay", "belong together"),
        ("CBUS_TIME_ZONE", "Mars/Olympus", "not an IANA time zone"),
        ("CBUS_ORGANISATION_ZH", "a\nb", "control characters"),
        ("CBUS_SENDER__LANES", "0", "greater than or equal to 1"),
    ],
)
def test_wrong_settings_are_refused(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, reason: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=reason):
        load_settings(NotifierSettings)


def test_a_password_is_not_sent_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CBUS_SMTP__USERNAME", "relay")
    monkeypatch.setenv("CBUS_SMTP__PASSWORD", "invented")
    with pytest.raises(ConfigurationError, match="encrypted"):
        load_settings(NotifierSettings)
    monkeypatch.setenv("CBUS_SMTP__SECURITY", "starttls")
    assert load_settings(NotifierSettings).smtp.username == "relay"


def test_the_schedule_is_given_in_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CBUS_SENDER__RETRY_AFTER_SECONDS", "[1, 60]")
    assert load_settings(NotifierSettings).retry_after == (timedelta(seconds=1), timedelta(minutes=1))
