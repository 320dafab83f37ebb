"""Settings: read from the environment, refused with every wrong variable's name, silent about secrets."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.clock import ScaledClock, SystemClock
from shared.errors import ConfigurationError
from shared.settings import ServiceSettings, load_settings, make_clock, variables_of
from shared.streaming.engine_settings import ProcessorSettings

SECRET = "hunter2"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CBUS_")]:
        monkeypatch.delenv(name)


def set_variables(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"CBUS_{name}", value)


def refusal() -> str:
    with pytest.raises(ConfigurationError) as refused:
        load_settings(ProcessorSettings)
    return str(refused.value)


def test_without_any_variable_the_defaults_are_safe() -> None:
    settings = load_settings(ProcessorSettings)
    kafka = settings.kafka
    assert (kafka.acks, kafka.enable_auto_commit, kafka.start_from) == ("all", False, "earliest")
    assert settings.clock.speed == 1
    assert isinstance(settings.make_clock(), SystemClock)


def test_variables_reach_blocks_by_two_underscores(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(
        monkeypatch,
        STATE_DIR="/var/lib/bus",
        KAFKA__BOOTSTRAP_SERVERS="a:1,b:2",
        KAFKA__SESSION_TIMEOUT_SECONDS="6",
        ENGINE__TIMER_GRACE="PT2S",
        ENGINE__MAX_RECORDS="50",
    )
    settings = load_settings(ProcessorSettings)
    assert settings.state_dir == Path("/var/lib/bus")
    assert (settings.kafka.bootstrap_servers, settings.kafka.session_timeout_seconds) == ("a:1,b:2", 6.0)
    assert (settings.engine.timer_grace, settings.engine.max_records) == (timedelta(seconds=2), 50)


def test_every_wrong_variable_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {
        "INSTANCE_ID": "a b",
        "LOG_LEVEL": "LOUD",
        "KAFKA__ACKS": "1",
        "KAFKA__ENABLE_AUTO_COMMIT": "true",
        "KAFKA__START_FROM": "latest",
        "KAFKA__SESSION_TIMEOUT_SECONDS": "soon",
        "HEALTH__PORT": "70000",
        "CLOCK__ORIGIN": "2026-03-02T09:00:00",
        "ENGINE__DEAD_LETTER_MAX_SHARE": "0",
    }
    set_variables(monkeypatch, **wrong)
    text = refusal()
    assert [name for name in wrong if f"CBUS_{name}: " not in text] == []


@pytest.mark.parametrize(
    "misspelt", ["KAFKA__BOOTSTRAP_SERVER", "REDIS__URI", "HEALTH__PROT", "CLOCK__SPED", "ENGINE__MAX_RECORD"]
)
def test_a_misspelt_variable_of_a_block_is_refused(monkeypatch: pytest.MonkeyPatch, misspelt: str) -> None:
    """Ignored, it would leave the default in force: another cluster, another clock."""
    set_variables(monkeypatch, **{misspelt: "1"})
    text = refusal()
    assert f"CBUS_{misspelt}: there is no such setting; did you mean CBUS_{misspelt.partition('__')[0]}__" in text
    assert "docs/settings.md" in text
    assert "Extra inputs" not in text


def test_a_part_of_a_name_is_enough_for_the_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch, KAFKA__BOOTSTRAP="a:1", KAFKA__COLOUR="red")
    text = refusal()
    assert "CBUS_KAFKA__BOOTSTRAP: there is no such setting; did you mean CBUS_KAFKA__BOOTSTRAP_SERVERS? See" in text
    assert "CBUS_KAFKA__COLOUR: there is no such setting; the known ones stand in docs/settings.md" in text


@pytest.mark.parametrize(
    "wrong",
    [
        {"KAFKA__SECURITY_PROTOCOL": "SASL_SSL"},
        {"KAFKA__SASL_USERNAME": "bus"},
        {"KAFKA__POLL_INTERVAL_SECONDS": "4"},
        {"ENGINE__TIMER_GRACE": "soon"},
    ],
)
def test_a_refusal_is_a_sentence_of_ours(wrong: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch, **wrong)
    assert "Value error" not in refusal()


@given(st.sampled_from(variables_of(ProcessorSettings)), st.data())
def test_a_slip_of_one_letter_is_answered_with_a_variable_that_exists(name: str, data: st.DataObject) -> None:
    block, _, leaf = name.partition("__")
    assume(leaf)
    at = data.draw(st.integers(0, len(leaf) - 1))
    misspelt = f"{block}__{leaf[:at]}{leaf[at + 1 :]}"
    assume(misspelt not in variables_of(ProcessorSettings) and leaf[:at] + leaf[at + 1 :] and len(leaf) > 4)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(misspelt, "1")
        guess = refusal().partition("did you mean ")[2].partition("?")[0]
    assert guess in variables_of(ProcessorSettings)


@pytest.mark.parametrize("servers", ["a", "a,b:1", "a:1,b", "a:", "a:port", "a:0", "::1", "[::1]", "a:1;b:2", " ", ","])
def test_a_broker_without_a_port_is_told_with_its_variable(monkeypatch: pytest.MonkeyPatch, servers: str) -> None:
    set_variables(monkeypatch, KAFKA__BOOTSTRAP_SERVERS=servers)
    text = refusal()
    assert "CBUS_KAFKA__BOOTSTRAP_SERVERS: " in text
    assert "host:port" in text


@pytest.mark.parametrize("servers", ["a:1", "a:1, b-1.example:9092,", "[::1]:9092", "10.0.0.1:65535", "SSL://a:9093"])
def test_brokers_with_ports_are_taken_as_they_are(monkeypatch: pytest.MonkeyPatch, servers: str) -> None:
    set_variables(monkeypatch, KAFKA__BOOTSTRAP_SERVERS=servers)
    assert load_settings(ServiceSettings).kafka.bootstrap_servers == servers


@pytest.mark.parametrize("block", ["KAFKA", "REDIS"])
def test_a_block_that_is_not_json_is_refused_without_repeating_it(monkeypatch: pytest.MonkeyPatch, block: str) -> None:
    set_variables(monkeypatch, **{block: f"{SECRET} is not JSON"})
    text = refusal()
    assert block.lower() in text
    assert SECRET not in text


def test_a_fast_clock_needs_an_origin_to_agree_on(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch, CLOCK__SPEED="60")
    settings = load_settings(ServiceSettings)
    with pytest.raises(ConfigurationError, match="CBUS_CLOCK__ORIGIN"):
        settings.make_clock()
    assert isinstance(make_clock(60, datetime(2026, 3, 2, tzinfo=UTC)), ScaledClock)


def test_secrets_are_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    login = {"KAFKA__SECURITY_PROTOCOL": "SASL_SSL", "KAFKA__SASL_MECHANISM": "PLAIN", "KAFKA__SASL_USERNAME": "bus"}
    set_variables(monkeypatch, **login, KAFKA__SASL_PASSWORD=SECRET, REDIS__URL=f"redis://:{SECRET}@cache:6379/0")
    settings = load_settings(ServiceSettings)
    assert settings.kafka.sasl_password is not None
    assert settings.kafka.sasl_password.get_secret_value() == SECRET
    assert SECRET in settings.redis.url
    for printed in (repr(settings), str(settings), repr(settings.redis), f"{settings.kafka}"):
        assert SECRET not in printed


def test_a_secret_that_is_refused_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch, REDIS__URL=f"redis://:{SECRET}@cache", REDIS__TIMEOUT_SECONDS="-1", KAFKA__ACKS=SECRET)
    assert SECRET not in refusal()


def test_settings_do_not_change_while_a_process_runs() -> None:
    settings = load_settings(ProcessorSettings)
    with pytest.raises(ValidationError, match="frozen"):
        settings.kafka.acks = "all"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        settings.instance_id = "1"  # type: ignore[misc]
