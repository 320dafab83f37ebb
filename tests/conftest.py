"""Real servers for tests: one Kafka broker, one Valkey server and one mail sink, started when first asked for.

They live for the whole test session, so a test must not assume it is alone: take topic and group names from
``unique_name`` (or ``topic_prefix``), and keys from it too unless the test asks for ``empty_redis_url``.
``CBUS_TEST_BACKEND`` (auto, embedded, docker) forces how the servers run. Tests that break a broker start their own.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from hypothesis import settings
from redis import Redis

from deploy.local.backend import Backend, BackendChoice, choose_backend
from deploy.local.containers import ContainerKafka, ContainerValkey
from deploy.local.kafka import KafkaCluster
from deploy.local.smtp_sink_process import SmtpSink
from deploy.local.stack import KafkaServer, RedisServer
from deploy.local.valkey import ValkeyServer

settings.register_profile("bus", deadline=None)  # a busy machine is not a failing property
settings.load_profile("bus")


@pytest.fixture(scope="session")
def local_backend(request: pytest.FixtureRequest) -> Backend:
    """How this session runs its servers; said once on the terminal."""
    asked = cast(BackendChoice, os.environ.get("CBUS_TEST_BACKEND", "auto"))
    chosen = choose_backend(asked)
    reporter = request.config.pluginmanager.getplugin("terminalreporter")
    if reporter is not None:
        reporter.ensure_newline()
        reporter.write_line(f"local stack: backend {chosen.name} ({chosen.reason})")
    return chosen.name


@pytest.fixture(scope="session")
def servers_directory() -> Iterator[Path]:
    """A directory for the session's servers, thrown away with their data."""
    directory = Path(tempfile.mkdtemp(prefix="complaint-bus-tests-"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def kafka_cluster(local_backend: Backend, servers_directory: Path) -> Iterator[KafkaServer]:
    """One running broker; do not stop or kill it."""
    cluster: KafkaServer = (
        ContainerKafka(None) if local_backend == "docker" else KafkaCluster(servers_directory / "kafka")
    )
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.kill()


@pytest.fixture(scope="session")
def kafka_bootstrap(kafka_cluster: KafkaServer) -> str:
    """``host:port`` of the session's broker."""
    return kafka_cluster.bootstrap_servers


@pytest.fixture(scope="session")
def redis_url(local_backend: Backend, servers_directory: Path) -> Iterator[str]:
    """URL of the session's Valkey server; other tests' keys may be in it."""
    server: RedisServer = ContainerValkey() if local_backend == "docker" else ValkeyServer(servers_directory / "valkey")
    try:
        server.start()
        yield server.url
    finally:
        server.kill()


@pytest.fixture
def empty_redis_url(redis_url: str) -> str:
    """The same server, emptied for this test."""
    with Redis.from_url(redis_url) as client:
        client.flushall()
    return redis_url


@pytest.fixture(scope="session")
def _session_smtp_sink(servers_directory: Path) -> Iterator[SmtpSink]:
    with SmtpSink(servers_directory / "smtp", keep_text=True) as sink:
        yield sink


@pytest.fixture
def smtp_sink(_session_smtp_sink: SmtpSink) -> Iterator[SmtpSink]:
    """The session's mail sink, well-behaved at the start; its truth log also holds other tests' messages."""
    _session_smtp_sink.misbehave()
    yield _session_smtp_sink
    _session_smtp_sink.misbehave()


@pytest.fixture
def unique_name() -> Callable[[str], str]:
    """Makes a name no other test has: ``unique_name("group")`` gives ``group-3f9a1c0b``."""
    return lambda stem: f"{stem}-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def topic_prefix(unique_name: Callable[[str], str]) -> str:
    """A prefix for this test's topics, ending in a dot."""
    return unique_name("test") + "."
