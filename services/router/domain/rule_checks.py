"""What can be wrong with rules that are well formed: names nobody knows, ids given twice, rules that never decide."""

from __future__ import annotations

from collections.abc import Iterator

from services.router.domain.departments import Departments
from services.router.domain.routing_rules import AlsoRule, RoutingRules, Rule
from services.router.domain.taxonomy import Taxonomy


def problems(rules: RoutingRules, departments: Departments, taxonomy: Taxonomy) -> list[str]:
    """Each problem as ``place in the file: reason``; empty when the rules fit departments and taxonomy."""
    found: list[str] = []
    first_place: dict[str, str] = {}
    for place, rule in rules.all_rules():
        if rule.id in first_place:
            found.append(f"{place}.id: {rule.id!r} is already the id of {first_place[rule.id]}")
        first_place.setdefault(rule.id, place)
        found += _unknown_departments(place, rule, departments)
        found += _unknown_categories(place, rule, taxonomy)
    return [*found, *_unreachable(rules)]


def _unknown_departments(place: str, rule: Rule | AlsoRule, departments: Departments) -> Iterator[str]:
    known = f"known: {', '.join(departments.ids)}"
    if isinstance(rule, Rule) and rule.lead not in departments.by_id:
        yield f"{place}.lead: there is no department {rule.lead!r}; {known}"
    for index, co_handler in enumerate(rule.co_handlers):
        if co_handler not in departments.by_id:
            yield f"{place}.co_handlers.{index}: there is no department {co_handler!r}; {known}"
        elif isinstance(rule, Rule) and co_handler == rule.lead:
            yield f"{place}.co_handlers.{index}: {co_handler!r} leads already"


def _unknown_categories(place: str, rule: Rule | AlsoRule, taxonomy: Taxonomy) -> Iterator[str]:
    for category in sorted((rule.when.category or frozenset()) - set(taxonomy.category_ids)):
        yield f"{place}.when.category: there is no category {category!r}; known: {', '.join(taxonomy.category_ids)}"


def _unreachable(rules: RoutingRules) -> Iterator[str]:
    for later, rule in enumerate(rules.rules):
        for earlier in range(later):
            if rules.rules[earlier].when.covers(rule.when):
                yield f"rules.{later}: never reached, rules.{earlier} ({rules.rules[earlier].id}) always decides first"
                break
