"""The docker backend's broker settings; starting containers needs an engine (see the component tests)."""

from __future__ import annotations

from deploy.local.backend import choose_backend
from deploy.local.containers import container_properties
from deploy.local.kafka_properties import SMALL_AND_QUICK


def test_clients_on_the_host_are_told_the_published_port() -> None:
    properties = container_properties(21234)
    assert properties["advertised.listeners"].startswith("CLIENTS://127.0.0.1:21234,")
    assert "CLIENTS://:9092" in properties["listeners"]


def test_a_container_has_the_same_small_settings_and_extra_ones_win() -> None:
    properties = container_properties(21234, {"num.io.threads": "9"})
    assert properties["num.io.threads"] == "9"
    same = {name: value for name, value in SMALL_AND_QUICK.items() if name != "num.io.threads"}
    assert same.items() <= properties.items()


def test_a_forced_embedded_backend_asks_nobody() -> None:
    assert choose_backend("embedded").reason == "as asked"


def test_three_nodes_are_embedded_whatever_is_installed() -> None:
    assert choose_backend("auto", nodes=3).name == "embedded"
