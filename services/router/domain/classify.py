"""What a complaint is about and how urgent it is, with the terms that say so. Weighs evidence; abstains when unclear.

Each category collects the weights of its terms found in subject and text, each term once however often it occurs, plus
the weight of the category that was declared. The winner needs a minimum weight, a minimum share and a lead over the
second; otherwise the category is 'other' and a person decides. Danger to life or health comes first (ISO 10002 §7.4).
Some categories are grave in themselves: their ``minimum_severity`` holds whatever else is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Final

from services.router.domain.compiled_taxonomy import CompiledTaxonomy, DangerFound, Meaning
from services.router.domain.danger_reading import Reading
from services.router.domain.taxonomy import UNCLEAR, SeveritySignals, Thresholds
from shared.events.complaint import Money, Narrative
from shared.events.decisions import Classification, Severity

PRIORITY: Final[Mapping[Severity, int]] = {
    Severity.CRITICAL: 0,
    Severity.HIGH: 1,
    Severity.MEDIUM: 2,
    Severity.LOW: 3,
}
"""0 = drop everything … 3 = normal order; gravest first."""

_MOST_EVIDENCE: Final = 12

Found = list[tuple[str, Meaning]]


def classify(
    narrative: Narrative,
    compiled: CompiledTaxonomy,
    declared_category: str | None = None,
    amount: Money | None = None,
    minor: bool = False,
) -> Classification:
    """Category, severity, priority, confidence (0 to 1) and evidence of one complaint.

    ``declared_category`` is a hint: an id, alias or label of a category, ignored when unknown. Evidence consists of the
    taxonomy's own terms, never of other words of the narrative.
    """
    taxonomy = compiled.taxonomy
    copy = compiled.copy_of(narrative.text)
    if narrative.subject:
        copy = compiled.copy_of(narrative.subject) + copy
    sightings = compiled.scan(copy)
    found = compiled.meanings(sightings)
    signals = [(term, meaning.danger) for term, meaning in found if meaning.danger]
    dangers = compiled.read_dangers(copy, sightings, signals)
    weights = _weigh(found, dangers)
    declared = compiled.category_of(declared_category)
    if declared is not None:
        weights[declared] = weights.get(declared, 0.0) + taxonomy.thresholds.declared_weight
    category, confidence = _decide(weights, taxonomy.thresholds)
    severity = _at_least(
        taxonomy.by_id[category].minimum_severity, _severity(found, dangers, amount, minor, taxonomy.severity)
    )
    return Classification(
        category=category,
        severity=severity,
        priority=PRIORITY[severity],
        confidence=confidence,
        evidence=_evidence(found, dangers),
        safety=bool(dangers),
        taxonomy_version=taxonomy.version,
    )


def _weigh(found: Found, dangers: Iterable[DangerFound]) -> dict[str, float]:
    weights: dict[str, float] = {}
    for _, meaning in found:
        for category, weight in meaning.votes:
            weights[category] = weights.get(category, 0.0) + weight
    for signal in dangers:
        category_of_danger = signal.danger.category
        if category_of_danger is not None:
            weights[category_of_danger] = weights.get(category_of_danger, 0.0) + signal.danger.weight
    return weights


def _decide(weights: dict[str, float], thresholds: Thresholds) -> tuple[str, float]:
    """The winner and its share of all evidence; or 'other' with the share by which the best was ahead."""
    total = sum(weights.values()) + thresholds.doubt
    if not weights or total == 0:
        return UNCLEAR, 0.0
    best, first = max(weights.items(), key=itemgetter(1))
    second = sorted(weights.values())[-2] if len(weights) > 1 else 0.0
    share, lead = first / total, first - second
    enough = first >= thresholds.minimum_evidence and share >= thresholds.minimum_share
    if enough and lead > 0 and lead >= thresholds.minimum_lead:
        return best, round(share, 3)
    return UNCLEAR, round(min(lead / total, thresholds.minimum_share / 2), 3)


def _severity(
    found: Found, dangers: list[DangerFound], amount: Money | None, minor: bool, signals: SeveritySignals
) -> Severity:
    grades = {meaning.severity for _, meaning in found if meaning.severity}
    grades.update([_danger_severity(signal) for signal in dangers])
    if minor:
        grades.add(signals.minor)
    if amount is not None and amount.currency in signals.high_amounts:
        grades.add(Severity.HIGH if amount.value >= signals.high_amounts[amount.currency] else Severity.MEDIUM)
    return next((severity for severity in PRIORITY if severity in grades), Severity.MEDIUM)


def _at_least(minimum: Severity | None, severity: Severity) -> Severity:
    return severity if minimum is None else min(minimum, severity, key=PRIORITY.__getitem__)


def _danger_severity(signal: DangerFound) -> Severity:
    return Severity.CRITICAL if signal.danger.harm and signal.reading is Reading.HAPPENED else Severity.HIGH


def _evidence(found: Found, dangers: list[DangerFound]) -> tuple[str, ...]:
    """Danger first, then by weight; at most a dozen, so that records stay small."""
    ranked = [term for _, term in sorted([(-meaning.strength, term) for term, meaning in found if meaning.strength])]
    if dangers:
        ranked = list(dict.fromkeys([*(signal.term for signal in dangers), *ranked]))
    return tuple(ranked[:_MOST_EVIDENCE])
