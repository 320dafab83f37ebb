"""A Kafka that asks who is there: TLS with a CA of its own, SCRAM-SHA-512, and an authorizer that allows by list only.

Certificates and passwords are made for the test run and thrown away with it.
"""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kafka import KafkaAdminClient
from kafka.admin import ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType

from deploy.local.kafka import KafkaCluster
from deploy.local.kafka_node import ClientListener
from shared.kafka_security import kafka_python_security
from shared.settings import KafkaSettings

ADMIN, SERVICES, STRANGER = "admin", "bus", "stranger"
"""Who may do all; who has the rights of the bus by lists; who may log in and nothing else."""
_ANYTHING = "*"


@dataclass(frozen=True)
class Certificates:
    """Files in PEM; ``directory`` also holds the broker's key store and a CA that signed nothing."""

    directory: Path

    def path(self, name: str) -> Path:
        """One of ca, other-ca, client, each with ``.pem`` and ``.key``."""
        return self.directory / name


def make_certificates(directory: Path) -> Certificates:
    """A CA, a broker's and a client's certificate it signed, and another CA."""
    directory.mkdir(parents=True, exist_ok=True)
    for authority in ("ca", "other-ca"):
        _openssl(directory, "req", "-x509", *_new_key(authority), "-out", f"{authority}.pem", "-days", "2")
    for name in ("broker", "client"):
        names = ("-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost")
        _openssl(directory, "req", *_new_key(name), *names, "-out", f"{name}.csr")
        _openssl(
            directory,
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"),
            *("-copy_extensions", "copy", "-days", "2", "-out", f"{name}.pem"),
        )
        store = (directory / f"{name}.key").read_text() + (directory / f"{name}.pem").read_text()
        (directory / f"{name}-store.pem").write_text(store)
    return Certificates(directory)


def _new_key(name: str) -> tuple[str, ...]:
    return ("-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-subj", f"/CN={name}")


def _openssl(directory: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True, timeout=60)


@dataclass(frozen=True)
class SecuredKafka:
    """A running one. ``settings_of`` are right settings; what a test puts on top makes them wrong."""

    cluster: KafkaCluster
    certificates: Certificates
    passwords: dict[str, str]

    def settings_of(self, user: str, **other: object) -> KafkaSettings:
        """The settings of one user."""
        values = {
            "bootstrap_servers": self.cluster.bootstrap_servers,
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_username": user,
            "sasl_password": self.passwords[user],
            "ssl_ca_location": str(self.certificates.path("ca.pem")),
        }
        given = {name: value for name, value in (values | other).items() if value is not None}
        return KafkaSettings.model_validate(given)

    def environment_of(self, user: str, **other: object) -> dict[str, str]:
        """The same as variables of a service or a command."""
        settings = self.settings_of(user, **other)
        given = settings.model_dump(exclude_unset=True)
        variables = {f"CBUS_KAFKA__{name.upper()}": str(value) for name, value in given.items()}
        if settings.sasl_password is not None:
            variables["CBUS_KAFKA__SASL_PASSWORD"] = settings.sasl_password.get_secret_value()
        return variables


@contextmanager
def secured_kafka(directory: Path) -> Iterator[SecuredKafka]:
    """One broker, ready, with the lists written."""
    certificates = make_certificates(directory / "tls")
    passwords = {user: secrets.token_hex(12) for user in (ADMIN, SERVICES, STRANGER)}
    scram = (f"SCRAM-SHA-512=[name={user},password={password}]" for user, password in passwords.items())
    listener = ClientListener(
        {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": ADMIN,
            "sasl.password": passwords[ADMIN],
            "ssl.ca.location": str(certificates.path("ca.pem")),
        },
        [argument for each in scram for argument in ("--add-scram", each)],
    )
    with KafkaCluster(directory / "kafka", properties=_properties(certificates), listener=listener) as cluster:
        kafka = SecuredKafka(cluster, certificates, passwords)
        allow_services(kafka)
        yield kafka


def _properties(certificates: Certificates) -> dict[str, str]:
    scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    return {
        "listener.security.protocol.map": "CLIENTS:SASL_SSL,BROKERS:PLAINTEXT,CONTROLLERS:PLAINTEXT",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(certificates.path("broker-store.pem")),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(certificates.path("ca.pem")),
        "ssl.client.auth": "requested",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.clients.scram-sha-512.sasl.jaas.config": scram,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        # Brokers among themselves speak plaintext on the loopback, so without a name.
        "super.users": f"User:{ADMIN};User:ANONYMOUS",
        "allow.everyone.if.no.acl.found": "false",
    }


def allow_services(kafka: SecuredKafka) -> None:
    """What the services need, on every topic, group and transactional id."""
    kinds = (ResourceType.TOPIC, ResourceType.GROUP, ResourceType.TRANSACTIONAL_ID)
    resources = [ResourcePattern(kind, _ANYTHING) for kind in kinds]
    allow(kafka, SERVICES, ACLOperation.ALL, *resources)
    allow(kafka, SERVICES, ACLOperation.IDEMPOTENT_WRITE, ResourcePattern(ResourceType.CLUSTER, "kafka-cluster"))


def allow(kafka: SecuredKafka, user: str, operation: ACLOperation, *resources: ResourcePattern) -> None:
    """Add to the list."""
    admin = KafkaAdminClient(
        bootstrap_servers=kafka.cluster.bootstrap_servers, **kafka_python_security(kafka.settings_of(ADMIN))
    )
    try:
        admin.create_acls(
            [ACL(f"User:{user}", "*", operation, ACLPermissionType.ALLOW, resource) for resource in resources]
        )
    finally:
        admin.close()
