"""A listener that does not answer like a Kafka broker is described, whatever it does, and never crashes the asker."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import kafka_listener
from shared.kafka_listener import explain, first_listening
from shared.settings import KafkaSettings
from tests.support.secured_kafka import Certificates, make_certificates

Serve = Callable[[socket.socket], None]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"))


@contextmanager
def listener(serve: Serve) -> Iterator[str]:
    """``host:port`` of a server that handles each connection by ``serve``."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = threading.Thread(target=_accept, args=(server, serve), daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=5)


def _accept(server: socket.socket, serve: Serve) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            connection.settimeout(1)
            try:
                serve(connection)
            except OSError:
                continue


def answering(*answer: bytes) -> Serve:
    def serve(connection: socket.socket) -> None:
        if connection.recv(1000):
            connection.sendall(b"".join(answer))

    return serve


def handshake_answer(error: int, *mechanisms: str) -> bytes:
    names = b"".join(struct.pack(">h", len(name)) + name.encode() for name in mechanisms)
    body = struct.pack(">ihi", 1, error, len(mechanisms)) + names
    return struct.pack(">i", len(body)) + body


def plain(servers: str) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=servers)


def logging_in(servers: str, protocol: str = "SASL_PLAINTEXT", **files: str) -> KafkaSettings:
    login = {"sasl_mechanism": "SCRAM-SHA-512", "sasl_username": "bus", "sasl_password": "secret"}
    return KafkaSettings.model_validate({"bootstrap_servers": servers, "security_protocol": protocol, **login, **files})


@pytest.mark.parametrize(
    ("answer", "is_refused", "setting"),
    [
        (handshake_answer(34), False, "SECURITY_PROTOCOL"),
        (handshake_answer(33, "PLAIN", "GSSAPI"), False, "SASL_MECHANISM"),
        (handshake_answer(33), False, "SASL_MECHANISM"),
        (handshake_answer(33, "SCRAM-SHA-512"), True, "SASL_PASSWORD"),
        (handshake_answer(33, "SCRAM-SHA-512"), False, None),
    ],
)
def test_what_a_listener_wants_is_compared_with_the_settings(
    answer: bytes, is_refused: bool, setting: str | None
) -> None:
    with listener(answering(answer)) as servers:
        found = explain(logging_in(servers), login_refused=is_refused)
    assert found.setting == (setting and f"CBUS_KAFKA__{setting}")
    assert (found.setting or servers) in found.text


def test_one_that_wants_a_login_is_told_from_one_that_does_not() -> None:
    with listener(answering(handshake_answer(33, "PLAIN"))) as servers:
        found = explain(plain(servers))
    assert found.setting == "CBUS_KAFKA__SECURITY_PROTOCOL"
    assert "SASL_PLAINTEXT" in found.text


@settings(max_examples=25)
@given(answer=st.binary(max_size=40))
def test_whatever_answers_is_no_crash(answer: bytes) -> None:
    with listener(answering(answer)) as servers:
        for asked in (plain(servers), logging_in(servers, "SASL_SSL")):
            assert explain(asked).text


def test_one_that_says_nothing_is_said_to_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_listener, "TIMEOUT_SECONDS", 0.3)
    released = threading.Event()

    def wait(_: socket.socket) -> None:
        released.wait(3)

    with listener(wait) as servers:
        found = explain(plain(servers))
        released.set()
    assert found.setting is None
    assert "does not answer" in found.text


@pytest.mark.parametrize("servers", ["127.0.0.1:1", "host.invalid:9092", "127.0.0.1", "127.0.0.1:http", ""])
def test_nobody_there_is_no_setting_but_the_address_is_named(servers: str) -> None:
    found = explain(plain(servers))
    assert found.setting is None
    assert "CBUS_KAFKA__BOOTSTRAP_SERVERS" in found.text


def secured(certificates: Certificates, *, wants_certificate: bool = False) -> Serve:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.path("broker.pem"), certificates.path("broker.key"))
    context.load_verify_locations(certificates.path("ca.pem"))
    context.verify_mode = ssl.CERT_REQUIRED if wants_certificate else ssl.CERT_NONE

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as inner:
            answering(handshake_answer(33, "SCRAM-SHA-512"))(inner)

    return serve


@pytest.mark.parametrize(
    ("authority", "host", "setting"),
    [
        ("ca.pem", "127.0.0.1", None),
        ("other-ca.pem", "127.0.0.1", "SSL_CA_LOCATION"),
        ("ca.pem", "127.1", "BOOTSTRAP_SERVERS"),
    ],
)
def test_a_certificate_is_verified_by_authority_and_host(
    certificates: Certificates, authority: str, host: str, setting: str | None
) -> None:
    with listener(secured(certificates)) as servers:
        named = servers.replace("127.0.0.1", host)
        ca = str(certificates.path(authority))
        found = explain(logging_in(named, "SASL_SSL", ssl_ca_location=ca))
    assert found.setting == (setting and f"CBUS_KAFKA__{setting}"), found.text


@pytest.mark.parametrize("has_one", [False, True])
def test_a_client_certificate_that_is_wanted_is_named(certificates: Certificates, has_one: bool) -> None:
    files = {"ssl_ca_location": "ca.pem"}
    if has_one:
        files |= {"ssl_certificate_location": "client.pem", "ssl_key_location": "client.key"}
    paths = {name: str(certificates.path(file)) for name, file in files.items()}
    with listener(secured(certificates, wants_certificate=True)) as servers:
        found = explain(logging_in(servers, "SASL_SSL", **paths))
    assert found.setting == (None if has_one else "CBUS_KAFKA__SSL_CERTIFICATE_LOCATION"), found.text


@pytest.mark.parametrize(
    "servers", ["kafka..svc:9092", "kafka:²", "kafka:", "", ":", "a" * 300 + ":9092", "kafka:99999"]
)
def test_an_address_that_is_none_is_a_listener_that_is_not_there(servers: str) -> None:
    assert first_listening(servers) is None
