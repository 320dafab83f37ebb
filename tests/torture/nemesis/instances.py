"""Which services the tortured bus has, and how many instances of each: the one place that says so."""

from __future__ import annotations

from collections.abc import Mapping

INSTANCES: Mapping[str, int] = {"intake": 2, "router": 2, "sla": 2, "notifier": 2, "auditor": 2}
"""All of them are killed and paused."""

PROCESSORS = ("router", "sla", "notifier", "auditor")
"""Those whose groups are made to rebalance again and again, and two of whose instances share the partitions."""
