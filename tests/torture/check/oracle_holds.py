"""Which holds can pause clocks: a second, small reading of the policy, the departments and who works on a case.

Where the case log does not tell whether a part must be done (it came from another department), its hold is taken for
one that can pause: then fewer deadlines are computed again, but none is judged wrongly.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.torture.check.history import CaseHistory
from tests.torture.check.records import Record


class HoldOracle:
    """Answers from the config directory and the case log alone."""

    def __init__(self, policy: Mapping[str, Any], departments: Mapping[str, Any]) -> None:
        self._every_hold_pauses = policy.get("holds_that_pause") == "every_part"
        self._helpers = frozenset(
            one["id"] for one in departments["departments"] if one.get("mandatory_co_handler") is False
        )

    @classmethod
    def of_directory(cls, config: Path) -> HoldOracle:
        """Policy and departments of a config directory."""
        read = [
            yaml.safe_load((config / name).read_text(encoding="utf-8"))
            for name in ("sla/policy.yaml", "departments.yaml")
        ]
        return cls(*read)

    def pausing(self, case: CaseHistory) -> list[Record]:
        """The holds of a case that can pause its clocks."""
        holds = [record for record in case.entries("complaint.held.v1") if record.facts is not None]
        if self._every_hold_pauses or not holds:
            return holds
        helping = self._helpers - _departments_with_another_part(case)
        return [record for record in holds if record.facts.detail.department not in helping]


def _departments_with_another_part(case: CaseHistory) -> set[str]:
    """Departments that lead, or took over a part of which it is not known whether it must be done."""
    return {
        assigned.department
        for record in case.entries("complaint.dispatched.v1")
        if record.facts is not None
        for assigned in record.facts.detail.assignments
        if assigned.role == "lead" or record.facts.detail.cause == "returned"
    }
