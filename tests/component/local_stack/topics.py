"""Topic definitions for tests, free of the registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class SampleTopic:
    """A topic as provisioning needs it."""

    name: str
    partitions: int = 1
    cleanup_policy: Literal["delete", "compact"] = "delete"
    retention_ms: int | None = 86_400_000
    config: Mapping[str, str] = field(default_factory=dict)
