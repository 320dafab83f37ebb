"""Which services the tortured bus has, and how many instances of each: the one place that says so."""

from __future__ import annotations

from collections.abc import Mapping

from shared.events import clients
from shared.events.clients import SERVICES

INSTANCES: Mapping[str, int] = {each.name: 2 for each in sorted(SERVICES, key=lambda each: each.transactional)}
"""All of them are killed and paused; the door comes first."""

PROCESSORS = clients.PROCESSORS
"""Those whose groups are made to rebalance again and again, and two of whose instances share the partitions."""
