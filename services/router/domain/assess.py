"""The assessment of a new complaint: what it is about and who acts on it (ISO 10002 §7.4), in one call."""

from __future__ import annotations

from services.router.domain.classify import classify
from services.router.domain.compiled_taxonomy import CompiledTaxonomy
from services.router.domain.departments import Departments
from services.router.domain.route import RoutingRules, route
from services.router.domain.taxonomy import Taxonomy
from shared.events.complaint import Complaint
from shared.events.decisions import Classification, RoutingDecision


class Assessor:
    """Classifies and routes by one version of the configuration, compiled once."""

    __slots__ = ("_compiled", "_departments", "_rules")

    def __init__(self, taxonomy: Taxonomy, departments: Departments, rules: RoutingRules) -> None:
        self._compiled = CompiledTaxonomy(taxonomy)
        self._departments = departments
        self._rules = rules

    def __call__(self, complaint: Complaint) -> tuple[Classification, RoutingDecision]:
        """Category, severity and priority of ``complaint``, and the departments that get it."""
        classification = classify(
            complaint.narrative,
            self._compiled,
            declared_category=complaint.declared_category,
            amount=complaint.amount,
            minor=complaint.complainant.minor,
        )
        decision = route(complaint, classification, self._rules, self._departments)
        return classification, self._with_reason_of_severity(decision, classification, complaint.language)

    def _with_reason_of_severity(
        self, decision: RoutingDecision, classification: Classification, language: str
    ) -> RoutingDecision:
        """Departments are told when a case is as grave as the least that its category allows."""
        category = self._compiled.taxonomy.by_id[classification.category]
        if category.minimum_severity is None or classification.severity != category.minimum_severity:
            return decision
        return decision.model_copy(update={"reasons": (*decision.reasons, category.reason_of_minimum(language))})
