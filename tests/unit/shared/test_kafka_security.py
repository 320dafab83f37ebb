"""Security settings: what contradicts itself is refused by name, files are looked at, both clients get the same."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from shared.errors import ConfigurationError
from shared.kafka_security import confluent_security, kafka_python_security
from shared.settings import KafkaSettings, ServiceSettings, load_settings
from tests.support.secured_kafka import Certificates, make_certificates

SECRET = "canary-of-a-secret"
LOGIN = {"sasl_mechanism": "SCRAM-SHA-512", "sasl_username": "bus", "sasl_password": SECRET}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"))


def contradictions() -> Iterator[tuple[dict[str, str], str]]:
    for protocol in ("SASL_SSL", "SASL_PLAINTEXT"):
        for missing in LOGIN:
            yield {"security_protocol": protocol, **LOGIN, missing: ""}, missing
    for protocol in ("PLAINTEXT", "SSL"):
        for unused, value in LOGIN.items():
            yield {"security_protocol": protocol, unused: value}, unused
    for unused in ("ssl_ca_location", "ssl_certificate_location"):
        yield {"security_protocol": "SASL_PLAINTEXT", **LOGIN, unused: "/a.pem"}, unused
    yield {"security_protocol": "SSL", "ssl_certificate_location": "/a.pem"}, "ssl_key_location"
    yield {"security_protocol": "SSL", "ssl_key_location": "/a.pem"}, "ssl_certificate_location"


@pytest.mark.parametrize(("values", "named"), list(contradictions()), ids=lambda value: str(value)[:70])
def test_what_contradicts_itself_is_refused_by_name(
    values: dict[str, str], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in values.items():
        if value:
            monkeypatch.setenv(f"CBUS_KAFKA__{name.upper()}", value)
    with pytest.raises(ConfigurationError, match=f"CBUS_KAFKA__{named.upper()}") as refused:
        load_settings(ServiceSettings)
    assert SECRET not in str(refused.value)


def test_a_refused_value_is_not_repeated_where_settings_are_made_by_hand() -> None:
    with pytest.raises(ValidationError) as refused:
        KafkaSettings.model_validate({"security_protocol": "PLAINTEXT", "sasl_password": SECRET})
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("mapping", [confluent_security, kafka_python_security])
@pytest.mark.parametrize(
    ("setting", "file"),
    [
        ("ssl_ca_location", "nonexistent"),
        ("ssl_ca_location", "empty"),
        ("ssl_ca_location", "ca.key"),
        ("ssl_certificate_location", "nonexistent"),
        ("ssl_certificate_location", "empty"),
        ("ssl_key_location", "nonexistent"),
        ("ssl_key_location", "other-ca.key"),
        ("ssl_key_location", "encrypted.key"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    certificates: Certificates, mapping: type, setting: str, file: str
) -> None:
    path = certificates.path
    path("empty").write_text("")
    path("encrypted.key").write_text(_encrypted(path("client.key")))
    right = {"ssl_certificate_location": path("client.pem"), "ssl_key_location": path("client.key")}
    files = {name: str(value) for name, value in (right | {setting: path(file)}).items()}
    settings = KafkaSettings.model_validate({"security_protocol": "SSL", **files})
    with pytest.raises(ConfigurationError, match=f"CBUS_KAFKA__{setting.upper()}.*{file}"):
        mapping(settings)


def test_an_encrypted_key_is_opened_with_its_password(certificates: Certificates) -> None:
    path = certificates.path
    path("encrypted.key").write_text(_encrypted(path("client.key")))
    settings = KafkaSettings.model_validate(
        {
            "security_protocol": "SSL",
            "ssl_certificate_location": str(path("client.pem")),
            "ssl_key_location": str(path("encrypted.key")),
            "ssl_key_password": SECRET,
        }
    )
    assert confluent_security(settings)["ssl.key.password"] == SECRET
    assert "ssl_context" in kafka_python_security(settings)


def _encrypted(key: Path) -> str:
    made = subprocess.run(
        ["openssl", "pkey", "-in", str(key), "-aes256", "-passout", f"pass:{SECRET}"],
        check=True,
        capture_output=True,
        text=True,
    )
    return made.stdout


def test_a_password_of_a_key_that_is_not_named_is_refused() -> None:
    with pytest.raises(ValueError, match="SSL needs CBUS_KAFKA__SSL_CERTIFICATE_LOCATION and"):
        KafkaSettings(security_protocol="SSL", ssl_key_password=SecretStr("a test's own"))
    with pytest.raises(ValueError, match="makes no use of CBUS_KAFKA__SSL_KEY_PASSWORD"):
        KafkaSettings(ssl_key_password=SecretStr("a test's own"))
