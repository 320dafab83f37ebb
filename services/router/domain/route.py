"""Which departments act on a complaint, and why. Every complaint goes somewhere: in doubt to the triage department.

The first rule that holds names the lead, who speaks for all (首接负责). Rules under ``also`` add co-handlers, whoever
leads. A category that was not decided with confidence is no ground for a rule; danger, channel, amount, age still are.
"""

from __future__ import annotations

from services.router.domain.departments import Departments
from services.router.domain.routing_rules import Facts, Reasoned, RoutingRules, Rule, facts_of
from services.router.domain.taxonomy import UNCLEAR
from shared.events.complaint import Complaint
from shared.events.decisions import Classification, RoutingDecision

__all__ = ["NO_RULE_ID", "UNCLEAR_ID", "RoutingRules", "route"]

UNCLEAR_ID = "triage.unclear"
NO_RULE_ID = "triage.no_rule"
"""Rule ids of decisions that no rule made."""


def route(
    complaint: Complaint, classification: Classification, rules: RoutingRules, departments: Departments
) -> RoutingDecision:
    """Lead, co-handlers, rule, version and reasons. ``rules`` must fit ``departments`` (``rule_checks.problems``)."""
    confident = classification.category != UNCLEAR and classification.confidence >= rules.minimum_confidence
    facts = facts_of(complaint, classification, confident=confident)
    rule_id, lead, co_handlers, why = _lead(facts, confident, rules, departments)
    reasons = [why.reason(complaint.language)]
    for also in rules.also:
        if also.when.holds(facts):
            added = [department for department in also.co_handlers if department != lead]
            co_handlers.extend(added)
            if added:
                reasons.append(also.reason(complaint.language))
    return RoutingDecision(
        lead=lead,
        co_handlers=tuple(dict.fromkeys(co_handlers)),
        rule_id=rule_id,
        rules_version=rules.version,
        reasons=tuple(reasons),
    )


def _lead(
    facts: Facts, confident: bool, rules: RoutingRules, departments: Departments
) -> tuple[str, str, list[str], Reasoned]:
    """Rule id, lead, the rule's own co-handlers, and what gives the reason."""
    rule = _first_that_holds(rules.rules, facts)
    if rule is not None:
        return rule.id, rule.lead, list(rule.co_handlers), rule
    if confident:
        return NO_RULE_ID, departments.triage.id, [], rules.triage.no_rule
    return UNCLEAR_ID, departments.triage.id, [], rules.triage.unclear


def _first_that_holds(rules: tuple[Rule, ...], facts: Facts) -> Rule | None:
    for rule in rules:
        if rule.when.holds(facts):
            return rule
    return None
