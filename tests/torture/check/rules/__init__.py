"""The rules L1 to L15 of the torture harness: pure functions from a history to what they found (reliability.md §7)."""

from __future__ import annotations

from collections.abc import Callable

from tests.torture.check.findings import RuleResult
from tests.torture.check.history import History
from tests.torture.check.rules.agreement import auditor_and_metrics
from tests.torture.check.rules.clocks import clocks
from tests.torture.check.rules.conservation import conservation
from tests.torture.check.rules.duplicates import duplicates
from tests.torture.check.rules.identity import one_key_one_ticket, unknown_outcomes
from tests.torture.check.rules.integrity import integrity
from tests.torture.check.rules.letters import letters
from tests.torture.check.rules.liveness import liveness
from tests.torture.check.rules.lost import lost
from tests.torture.check.rules.order import order
from tests.torture.check.rules.personal_data import personal_data
from tests.torture.check.rules.phantoms import phantoms
from tests.torture.check.rules.settled import settled
from tests.torture.check.rules.state import state

RULES: tuple[Callable[[History], RuleResult], ...] = (
    lost,
    phantoms,
    duplicates,
    unknown_outcomes,
    integrity,
    one_key_one_ticket,
    order,
    clocks,
    letters,
    state,
    settled,
    conservation,
    auditor_and_metrics,
    personal_data,
    liveness,
)
"""In the order of their numbers."""
