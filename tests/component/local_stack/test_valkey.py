"""The Valkey server of the local stack."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import OutOfMemoryError
from redis.exceptions import TimeoutError as RedisTimeoutError

from deploy.local.child_process import ChildProcessFailed
from deploy.local.valkey import ValkeyServer


def test_the_session_server_answers_ping(redis_url: str, unique_name: Callable[[str], str]) -> None:
    with Redis.from_url(redis_url) as client:
        assert client.ping()
        assert client.set(unique_name("key"), "1", nx=True, ex=60)


def test_a_killed_server_restarts_on_its_port_and_forgets_everything(tmp_path: Path) -> None:
    with ValkeyServer(tmp_path) as server, Redis.from_url(server.url) as client:
        client.set("key", "value")
        server.kill()
        server.start()
        assert client.get("key") is None


def test_a_persistent_server_remembers_after_a_stop(tmp_path: Path) -> None:
    with ValkeyServer(tmp_path, persistent=True) as server, Redis.from_url(server.url) as client:
        client.set("key", "value")
        server.stop()
        server.start()
        assert client.get("key") == b"value"


def test_a_full_server_refuses_writes_rather_than_evict(tmp_path: Path) -> None:
    with ValkeyServer(tmp_path, options={"maxmemory": "2mb"}) as server, Redis.from_url(server.url) as client:
        client.set("first", "x" * 100_000)
        with pytest.raises(OutOfMemoryError):
            client.mset({f"key-{number}": "x" * 100_000 for number in range(20)})
        assert client.get("first") is not None


def test_a_paused_server_does_not_answer_until_resumed(tmp_path: Path) -> None:
    with ValkeyServer(tmp_path) as server, Redis.from_url(server.url, socket_timeout=0.3, retry=None) as client:
        server.pause()
        with pytest.raises(RedisTimeoutError):
            client.ping()
        server.resume()
        assert client.ping()


def test_a_wrong_option_is_reported_with_the_servers_own_words(tmp_path: Path) -> None:
    server = ValkeyServer(tmp_path, options={"maxmemory": "a lot"})
    with pytest.raises(ChildProcessFailed, match="maxmemory"):
        server.start()
