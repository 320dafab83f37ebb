"""A bus with a department of this test's own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.component.cli.bus import Bus


@pytest.fixture
def bus(
    kafka_bootstrap: str,
    unique_name: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> Bus:
    """Topics on the session's broker; commands see no stack but this."""
    monkeypatch.setenv("CBUS_STACK_FILE", str(tmp_path_factory.mktemp("no-stack") / "stack.json"))
    monkeypatch.setenv("CBUS_KAFKA__BOOTSTRAP_SERVERS", kafka_bootstrap)
    return Bus(kafka_bootstrap, unique_name("dept"))
