"""A variable that is set and read by nothing is named with the one that was meant, and stops nobody."""

from __future__ import annotations

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.auditor.settings import AuditorSettings
from services.intake.settings import IntakeSettings
from services.notifier.settings import NotifierSettings
from services.router.settings import RouterSettings
from services.sla.settings import SlaSettings
from shared.observability.logging import configure_logging
from shared.observability.settings_log import warn_of_unread_variables
from shared.settings import ServiceSettings, load_settings, variables_of
from shared.unread_variables import unread_variables

SERVICES: list[type[ServiceSettings]] = [
    AuditorSettings,
    IntakeSettings,
    NotifierSettings,
    RouterSettings,
    SlaSettings,
]
OTHERS = ["CBUS_STACK_FILE", "CBUS_CACHE_DIR", "CBUS_TEST_BACKEND", "PATH", "HOME", "KAFKA_OPTS", "CBUS_"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("CBUS_KAFKA_BOOTSTRAP_SERVERS", "CBUS_KAFKA__BOOTSTRAP_SERVERS"),
        ("CBUS__KAFKA__BOOTSTRAP_SERVERS", "CBUS_KAFKA__BOOTSTRAP_SERVERS"),
        ("CBUS_KAFKA.BOOTSTRAP.SERVERS", "CBUS_KAFKA__BOOTSTRAP_SERVERS"),
        ("CBUS_KAFKA_BOOTSTRAP_SERVER", "CBUS_KAFKA__BOOTSTRAP_SERVERS"),
        ("CBUS_LOGLEVEL", "CBUS_LOG_LEVEL"),
        ("CBUS_INSTANCEID", "CBUS_INSTANCE_ID"),
        ("cbus_redis_url", "CBUS_REDIS__URL"),
    ],
)
def test_the_one_that_was_meant_is_named(written: str, meant: str) -> None:
    assert unread_variables([written, *OTHERS], ServiceSettings) == {written: meant}


@pytest.mark.parametrize("model", [ServiceSettings, *SERVICES])
def test_no_setting_of_any_service_is_taken_for_a_slip(model: type[ServiceSettings]) -> None:
    """Services that run side by side share one environment."""
    everybodys = {name for each in SERVICES for name in variables_of(each)}
    assert unread_variables([*everybodys, *OTHERS, "CBUS_KAFKA", "cbus_log_level"], model) == {}


@given(st.sampled_from(SERVICES), st.data())
def test_one_underscore_too_few_is_always_noticed(model: type[ServiceSettings], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([each for each in variables_of(model) if "__" in each]))
    written = name.replace("__", "_")
    assume(written not in variables_of(model))
    assert unread_variables([written], model) == {written: name}


def test_a_service_says_so_and_starts(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CBUS_KAFKA_BOOTSTRAP_SERVERS", "secret.example:9092")
    load_settings(RouterSettings)
    configure_logging("router", "0", "INFO")
    warn_of_unread_variables(RouterSettings)
    printed = capsys.readouterr()
    line = json.loads((printed.out + printed.err).strip().splitlines()[-1])
    assert (line["event"], line["level"].lower()) == ("setting_not_read", "warning")
    assert line["setting"] == "CBUS_KAFKA_BOOTSTRAP_SERVERS"
    assert "CBUS_KAFKA__BOOTSTRAP_SERVERS" in line["reason"]
    assert "secret" not in printed.out + printed.err
