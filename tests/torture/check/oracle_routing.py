"""Which departments must act: a second, small reading of ``routing.yaml``, from the assessment in the case log."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from tests.torture.check.records import Assessment, ComplaintFacts

UNDECIDED = "other"


class RoutingOracle:
    """Answers from the rules file alone."""

    def __init__(self, rules: Mapping[str, Any], departments: Mapping[str, Any]) -> None:
        self._rules = rules
        self.triage: str = next(one["id"] for one in departments["departments"] if one.get("triage"))
        """The department of last resort."""

    @classmethod
    def of_directory(cls, config: Path) -> RoutingOracle:
        """Rules and departments of a config directory."""
        read = [
            yaml.safe_load((config / name).read_text(encoding="utf-8")) for name in ("routing.yaml", "departments.yaml")
        ]
        return cls(*read)

    def expected(self, complaint: ComplaintFacts, assessed: Assessment) -> tuple[str, frozenset[str]]:
        """Lead and co-handlers."""
        facts = _facts(complaint, assessed, self._rules["minimum_confidence"])
        lead, others = self.triage, list[str]()
        for rule in self._rules["rules"]:
            if _holds(rule.get("when") or {}, facts, complaint):
                lead, others = rule["lead"], list(rule.get("co_handlers") or ())
                break
        for rule in self._rules.get("also") or ():
            if _holds(rule["when"], facts, complaint):
                others += rule["co_handlers"]
        return lead, frozenset(others) - {lead}


def _facts(complaint: ComplaintFacts, assessed: Assessment, minimum_confidence: float) -> dict[str, Any]:
    decided = assessed.category != UNDECIDED and assessed.confidence >= minimum_confidence
    return {
        "category": assessed.category if decided else None,
        "severity": assessed.severity,
        "safety": assessed.safety,
        "channel": complaint.channel,
        "minor": complaint.minor,
        "anonymous": complaint.anonymous,
        "store": complaint.store,
        "merchant": complaint.merchant,
        "order": complaint.order,
        "earlier_ticket": complaint.earlier_ticket,
        "regulator_deadline": complaint.respond_by is not None,
    }


def _holds(conditions: Mapping[str, Any], facts: Mapping[str, Any], complaint: ComplaintFacts) -> bool:
    for name, wanted in conditions.items():
        if name == "min_amount":
            if not _reaches(complaint.amount, wanted):
                return False
        elif facts[name] not in (wanted if isinstance(wanted, list) else [wanted]):
            return False
    return True


def _reaches(amount: tuple[str, str] | None, least: Mapping[str, Any]) -> bool:
    if amount is None or amount[0] not in least:
        return False
    return Decimal(amount[1]) >= Decimal(str(least[amount[0]]))
