"""Which services the tortured bus has, and how many instances of each: the one place that says so."""

from __future__ import annotations

from collections.abc import Mapping

INSTANCES: Mapping[str, int] = {"intake": 2, "router": 2, "sla": 2, "notifier": 2, "auditor": 1}
"""All of them are killed and paused."""

PROCESSORS = ("router", "sla", "notifier")
"""Those whose groups are made to rebalance again and again."""
