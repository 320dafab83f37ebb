"""How the clients of the bus prove who they are and know whom they talk to: one reading of the settings for all.

The services use confluent-kafka, ``cbus`` and ``deploy.topics`` kafka-python; what one of them can reach, so can the
others. Nothing here imports a client.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from shared.errors import ConfigurationError
from shared.settings import KafkaSettings

_CA: Final = "CBUS_KAFKA__SSL_CA_LOCATION"
_CERTIFICATE: Final = "CBUS_KAFKA__SSL_CERTIFICATE_LOCATION"
_KEY: Final = "CBUS_KAFKA__SSL_KEY_LOCATION"
_KEY_PASSWORD: Final = "CBUS_KAFKA__SSL_KEY_PASSWORD"  # noqa: S105 - a name


def confluent_security(settings: KafkaSettings) -> dict[str, Any]:
    """librdkafka's settings. ConfigurationError: a file is not there or not what it must be."""
    tls_context(settings)
    values = {
        "security.protocol": settings.security_protocol,
        "sasl.mechanism": settings.sasl_mechanism,
        "sasl.username": settings.sasl_username,
        "sasl.password": _revealed(settings.sasl_password),
        "ssl.ca.location": settings.ssl_ca_location,
        "ssl.certificate.location": settings.ssl_certificate_location,
        "ssl.key.location": settings.ssl_key_location,
        "ssl.key.password": _revealed(settings.ssl_key_password),
    }
    return {name: value for name, value in values.items() if value is not None}


def kafka_python_security(settings: KafkaSettings) -> dict[str, Any]:
    """kafka-python's options. ConfigurationError: a file is not there or not what it must be."""
    values = {
        "security_protocol": settings.security_protocol,
        "sasl_mechanism": settings.sasl_mechanism,
        "sasl_plain_username": settings.sasl_username,
        "sasl_plain_password": _revealed(settings.sasl_password),
        "ssl_context": tls_context(settings),
    }
    return {name: value for name, value in values.items() if value is not None}


def tls_context(settings: KafkaSettings) -> ssl.SSLContext | None:
    """What TLS connections are made with; None where the protocol has none.

    Brokers are always verified, by name too. ConfigurationError names the setting whose file cannot be used.
    """
    if not settings.uses_tls:
        return None
    context = ssl.create_default_context()
    if settings.ssl_ca_location is not None:
        context = _trusting(settings.ssl_ca_location)
    if settings.ssl_certificate_location is not None and settings.ssl_key_location is not None:
        _identify(context, settings.ssl_certificate_location, settings.ssl_key_location, settings.ssl_key_password)
    return context


def _trusting(location: str) -> ssl.SSLContext:
    _require_readable(_CA, location)
    where = {"capath" if Path(location).is_dir() else "cafile": location}
    try:
        return ssl.create_default_context(**where)  # type: ignore[arg-type]  # one of its keywords
    except (ssl.SSLError, ValueError) as failure:
        raise ConfigurationError(f"{_CA}: {location} holds no certificates in PEM ({_reason(failure)})") from None


def _identify(context: ssl.SSLContext, certificate: str, key: str, password: SecretStr | None) -> None:
    _require_readable(_CERTIFICATE, certificate)
    _require_readable(_KEY, key)
    # Without a password a callback answers: else OpenSSL asks at the terminal, and a service waits for ever.
    revealed = _revealed(password) or ""
    try:
        context.load_cert_chain(certificate, key, lambda: revealed)
    except (ssl.SSLError, ValueError) as failure:
        raise ConfigurationError(
            f"{_CERTIFICATE} ({certificate}) and {_KEY} ({key}) are no certificate and its private key in PEM, or the "
            f"key is encrypted with another password than {_KEY_PASSWORD} ({_reason(failure)})"
        ) from None


def _require_readable(variable: str, location: str) -> None:
    path = Path(location)
    try:
        if not path.is_dir():
            path.read_bytes()
    except OSError as failure:
        raise ConfigurationError(
            f"{variable}: {location} cannot be read ({failure.strerror}); name a file this process may read"
        ) from None


def _reason(failure: Exception) -> str:
    return str(getattr(failure, "reason", None) or type(failure).__name__)


def _revealed(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
