"""Why a Kafka listener cannot be used with these settings, found out by asking it, and told by the setting's name.

Client libraries only tell that nobody answered, or nothing at all. A listener itself tells much before anybody has
logged in: whether it speaks TLS, whose certificate it shows, and, asked by a ``SaslHandshake`` request (KIP-43),
whether it wants a login and by which mechanisms. Only a refused user or password cannot be seen from here; the client
says that.
"""

from __future__ import annotations

import contextlib
import math
import socket
import ssl
import struct
import time
from typing import Final, NamedTuple

from shared.errors import ConfigurationError
from shared.kafka_security import tls_context
from shared.settings import KafkaSettings

TIMEOUT_SECONDS: Final = 2.0
_PROTOCOL: Final = "CBUS_KAFKA__SECURITY_PROTOCOL"
_SASL_HANDSHAKE: Final = 17
_NO_LOGIN_HERE: Final = 34  # ILLEGAL_SASL_STATE
_WRONG_HOST: Final = frozenset({62, 64})  # X509_V_ERR_HOSTNAME_MISMATCH, …_IP_ADDRESS_MISMATCH
_LARGEST_ANSWER_BYTES: Final = 65_536


class Explanation(NamedTuple):
    """``setting``: the variable that is wrong; None where nothing is known to be."""

    text: str
    setting: str | None = None


class _BrokenOff(ConnectionError):
    """The other side ended the connection when TLS stood."""


class _Greeting(NamedTuple):
    """``mechanisms``: how one logs in here; None: nobody does."""

    mechanisms: tuple[str, ...] | None


def explain(settings: KafkaSettings, *, login_refused: bool = False) -> Explanation:
    """What keeps a client from the first listener that takes connections. Takes a few seconds at most; never raises.

    ``login_refused``: a client was told so.
    """
    address = first_listening(settings.bootstrap_servers)
    if address is None:
        return nobody_listens(settings)
    try:
        context = tls_context(settings)
    except ConfigurationError as refusal:
        return Explanation(str(refusal), str(refusal).partition(":")[0])
    mechanism = settings.sasl_mechanism or "PLAIN"
    greeting = _greeted_with_tls(address, context, mechanism) if context else _greeted(address, mechanism)
    if isinstance(greeting, Explanation):
        return greeting
    return _about_login(address, greeting, settings, login_refused)


def nobody_listens(settings: KafkaSettings) -> Explanation:
    """What is to be said where ``first_listening`` finds none."""
    return Explanation(f"nobody listens at {settings.bootstrap_servers} (CBUS_KAFKA__BOOTSTRAP_SERVERS)")


def _greeted(address: tuple[str, int], mechanism: str) -> _Greeting | Explanation:
    with contextlib.suppress(OSError, ValueError):
        return _greet(address, None, mechanism)
    if _speaks_tls(address):
        return _protocol(address, "speaks TLS, and these settings do not", "SSL or SASL_SSL")
    return _silent(address)


def _greeted_with_tls(address: tuple[str, int], context: ssl.SSLContext, mechanism: str) -> _Greeting | Explanation:
    try:
        return _greet(address, context, mechanism)
    except ssl.SSLCertVerificationError as failure:
        return _distrusted(address, failure)
    except (OSError, ValueError) as failure:
        is_refused = isinstance(failure, _BrokenOff) or "ALERT" in (getattr(failure, "reason", None) or "")
    if is_refused:
        return Explanation(
            f"the listener {_name(address)} breaks off TLS; most likely it wants a client's certificate, or another "
            "one: see CBUS_KAFKA__SSL_CERTIFICATE_LOCATION and CBUS_KAFKA__SSL_KEY_LOCATION",
            "CBUS_KAFKA__SSL_CERTIFICATE_LOCATION",
        )
    with contextlib.suppress(OSError, ValueError):
        _greet(address, None, mechanism)
        return _protocol(address, "does not speak TLS, and these settings do", "PLAINTEXT or SASL_PLAINTEXT")
    return _silent(address)


def _distrusted(address: tuple[str, int], failure: ssl.SSLCertVerificationError) -> Explanation:
    if failure.verify_code in _WRONG_HOST:
        return Explanation(
            f"the certificate of {_name(address)} is for another host ({failure.verify_message}); name the brokers in "
            "CBUS_KAFKA__BOOTSTRAP_SERVERS as their certificates do",
            "CBUS_KAFKA__BOOTSTRAP_SERVERS",
        )
    return Explanation(
        f"the certificate of {_name(address)} is not trusted ({failure.verify_message}); CBUS_KAFKA__SSL_CA_LOCATION "
        "must hold the CA that signed it",
        "CBUS_KAFKA__SSL_CA_LOCATION",
    )


def _about_login(
    address: tuple[str, int], greeting: _Greeting, settings: KafkaSettings, login_refused: bool
) -> Explanation:
    tls = "SSL" if settings.uses_tls else "PLAINTEXT"
    if greeting.mechanisms is None and settings.logs_in:
        return _protocol(address, "knows no login, and these settings log in", tls)
    if greeting.mechanisms is not None and not settings.logs_in:
        return _protocol(address, "wants a login, and these settings have none", f"SASL_{tls}")
    if greeting.mechanisms is not None and settings.sasl_mechanism not in greeting.mechanisms:
        return Explanation(
            f"the listener {_name(address)} does not take {settings.sasl_mechanism} but {_listed(greeting.mechanisms)}"
            ": see CBUS_KAFKA__SASL_MECHANISM",
            "CBUS_KAFKA__SASL_MECHANISM",
        )
    if login_refused:
        return Explanation(
            f"{_name(address)} refused the login of user {settings.sasl_username}: CBUS_KAFKA__SASL_PASSWORD is wrong, "
            "or CBUS_KAFKA__SASL_USERNAME",
            "CBUS_KAFKA__SASL_PASSWORD",
        )
    return Explanation(f"{_name(address)} takes connections, and did not answer the client in time")


def _protocol(address: tuple[str, int], what: str, instead: str) -> Explanation:
    return Explanation(f"the listener {_name(address)} {what}: {_PROTOCOL} should be {instead}", _PROTOCOL)


def _silent(address: tuple[str, int]) -> Explanation:
    return Explanation(
        f"{_name(address)} takes connections and does not answer like a Kafka broker; it hangs or starts"
    )


def _listed(mechanisms: tuple[str, ...]) -> str:
    return " or ".join(mechanisms) or "none"


# -- talking to it ---------------------------------------------------------------------------------------------------


def first_listening(servers: str, seconds: float = math.inf) -> tuple[str, int] | None:
    """Host and port of the first of ``servers`` that takes connections; None also where ``seconds`` did not do."""
    until = time.monotonic() + seconds
    for server in servers.split(","):
        left = min(TIMEOUT_SECONDS, until - time.monotonic())
        if left <= 0:
            return None
        host, _, port = server.strip().rpartition(":")
        with contextlib.suppress(OSError, OverflowError, ValueError):  # ValueError: no name or number at all
            address = (host.strip("[]"), int(port))
            with socket.create_connection(address, left):
                return address
    return None


def _name(address: tuple[str, int]) -> str:
    return f"{address[0]}:{address[1]}"


def _speaks_tls(address: tuple[str, int]) -> bool:
    """Only whether; nothing is sent over it, so nobody needs to be verified."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection(address, TIMEOUT_SECONDS) as plain, context.wrap_socket(plain):
            return True
    except ssl.SSLError as failure:
        return "ALERT" in (failure.reason or "")
    except OSError:
        return False


def _greet(address: tuple[str, int], context: ssl.SSLContext | None, mechanism: str) -> _Greeting:
    """Ask for the mechanisms. OSError: no answer; ValueError: not one of Kafka's."""
    with contextlib.ExitStack() as opened:
        connection = opened.enter_context(socket.create_connection(address, TIMEOUT_SECONDS))
        if context is None:
            return _ask(connection, mechanism)
        connection = opened.enter_context(context.wrap_socket(connection, server_hostname=address[0]))
        try:
            return _ask(connection, mechanism)
        except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError) as failure:
            raise _BrokenOff(*failure.args) from failure


def _ask(connection: socket.socket, mechanism: str) -> _Greeting:
    """``SaslHandshake``, version 1. With a mechanism the broker takes it is no failed login to whoever counts those."""
    name = mechanism.encode()
    body = struct.pack(">hhihh", _SASL_HANDSHAKE, 1, 1, -1, len(name)) + name
    connection.sendall(struct.pack(">i", len(body)) + body)
    with connection.makefile("rb") as answers:
        (size,) = struct.unpack(">i", _read(answers, 4))
        if not 10 <= size <= _LARGEST_ANSWER_BYTES:
            raise ValueError(f"an answer of {size} bytes")
        answer = _read(answers, size)
    try:
        return _parsed(answer)
    except struct.error:
        raise ValueError("an answer to another question") from None


def _parsed(answer: bytes) -> _Greeting:
    """Correlation id, error code, array of mechanisms."""
    _, error, count = struct.unpack_from(">ihi", answer)
    names, at = [], 10
    for _ in range(count):
        (length,) = struct.unpack_from(">h", answer, at)
        names.append(answer[at + 2 : at + 2 + length].decode(errors="replace"))
        at += 2 + length
    return _Greeting(None if error == _NO_LOGIN_HERE else tuple(sorted(names)))


def _read(stream: object, size: int) -> bytes:
    got: bytes = stream.read(size)  # type: ignore[attr-defined]
    if len(got) < size:
        raise ConnectionError("closed before it answered")
    return got
