"""Simulated processes log nothing; other tests get their logging back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from tests.simulation.runner import silence_logs


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    before = structlog.get_config()
    silence_logs()
    yield
    structlog.configure(**before)
