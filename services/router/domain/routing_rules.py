"""Routing rules as data, ``deploy/config/routing.yaml``: when they apply, who leads, who works beside, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Final, NamedTuple

from pydantic import BeforeValidator, Field, model_validator

from services.router.domain.config_model import AmountsByCurrency, ConfigModel
from shared.events.complaint import Channel, Complaint, Money
from shared.events.decisions import Classification, Severity
from shared.language import language_of


class Facts(NamedTuple):
    """What rules can ask about a complaint; none of it is personal."""

    category: str | None
    """None when the classification is not confident enough to be acted on."""
    severity: str
    safety: bool
    channel: str
    minor: bool
    anonymous: bool
    store: bool
    merchant: bool
    order: bool
    earlier_ticket: bool
    regulator_deadline: bool
    amount: Money | None


def facts_of(complaint: Complaint, classification: Classification, *, confident: bool) -> Facts:
    """The facts of one complaint."""
    return Facts(
        category=classification.category if confident else None,
        severity=classification.severity,
        safety=classification.safety,
        channel=complaint.channel,
        minor=complaint.complainant.minor,
        anonymous=complaint.complainant.anonymous,
        store=complaint.store_reference is not None,
        merchant=complaint.merchant_reference is not None,
        order=complaint.order_reference is not None,
        earlier_ticket=complaint.earlier_ticket is not None,
        regulator_deadline=complaint.regulator_respond_by is not None,
        amount=complaint.amount,
    )


def _as_set(value: Any) -> Any:
    """One value may be written without the brackets of a list."""
    return value if value is None or isinstance(value, list | tuple | set | frozenset) else (value,)


_PLACE_OF: Final[Mapping[str, int]] = {name: place for place, name in enumerate(Facts._fields)}


class When(ConfigModel):
    """Conditions; all that are given must hold. None given: always."""

    category: Annotated[frozenset[str] | None, BeforeValidator(_as_set)] = Field(
        None, min_length=1, description="One of these categories, decided with confidence."
    )
    severity: Annotated[frozenset[Severity] | None, BeforeValidator(_as_set)] = Field(
        None, min_length=1, description="One of these severities."
    )
    channel: Annotated[frozenset[Channel] | None, BeforeValidator(_as_set)] = Field(
        None, min_length=1, description="Came in through one of these channels."
    )
    safety: bool | None = Field(None, description="Danger to life or health is (not) signalled.")
    minor: bool | None = Field(None, description="The complainant is (not) under age.")
    anonymous: bool | None = Field(None, description="The complainant is (not) anonymous.")
    store: bool | None = Field(None, description="A store is (not) named.")
    merchant: bool | None = Field(None, description="A merchant on a platform is (not) named.")
    order: bool | None = Field(None, description="An order or contract number is (not) given.")
    earlier_ticket: bool | None = Field(None, description="An earlier complaint is (not) named.")
    regulator_deadline: bool | None = Field(None, description="A regulator has (not) set a deadline.")
    min_amount: AmountsByCurrency | None = Field(
        None, min_length=1, description="By currency: the amount in dispute is at least this; other currencies: no."
    )

    @cached_property
    def conditions(self) -> tuple[tuple[int, frozenset[Any]], ...]:
        """Place of the fact and the values it may have, for every condition but ``min_amount``."""
        given = ((name, getattr(self, name)) for name in _PLACE_OF if name != "amount")
        return tuple(
            (_PLACE_OF[name], wanted if isinstance(wanted, frozenset) else frozenset({wanted}))
            for name, wanted in given
            if wanted is not None
        )

    def holds(self, facts: Facts) -> bool:
        """True when every condition given is met."""
        for place, wanted in self.conditions:
            if facts[place] not in wanted:
                return False
        return self.min_amount is None or _reaches(facts.amount, self.min_amount)

    def covers(self, other: When) -> bool:
        """True when this holds wherever ``other`` holds."""
        narrower = dict(other.conditions)
        return all(place in narrower and narrower[place] <= wanted for place, wanted in self.conditions) and (
            self.min_amount is None or _all_reach(other.min_amount, self.min_amount)
        )

    @property
    def is_empty(self) -> bool:
        """True when it always holds."""
        return not self.conditions and self.min_amount is None


def _reaches(amount: Money | None, least: Mapping[str, Decimal]) -> bool:
    return amount is not None and amount.currency in least and amount.value >= least[amount.currency]


def _all_reach(amounts: Mapping[str, Decimal] | None, least: Mapping[str, Decimal]) -> bool:
    return amounts is not None and all(
        currency in least and value >= least[currency] for currency, value in amounts.items()
    )


class Reasoned(ConfigModel):
    """Whatever decides says why, in both languages, without a word of the complaint."""

    reason_zh: str = Field(min_length=1, max_length=200, description="Why, one short sentence, Chinese.")
    reason_en: str = Field(min_length=1, max_length=200, description="Why, one short sentence, English.")

    def reason(self, language: str) -> str:
        """The reason in the language of ``language`` (BCP 47): Chinese, or English for all others."""
        return self.reason_zh if language_of(language) == "zh" else self.reason_en


class Rule(Reasoned):
    """Names the lead. The first rule whose conditions hold decides."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=60, description="Written into every decision.")
    when: When = Field(default_factory=When, description="Conditions; empty: a catch-all, only as the last rule.")
    lead: str = Field(description="Department id of the lead.")
    co_handlers: tuple[str, ...] = Field((), description="Department ids that work beside it.")


class AlsoRule(Reasoned):
    """Adds co-handlers, whoever leads. Every rule whose conditions hold counts."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=60, description="Name of the rule.")
    when: When = Field(description="Conditions; at least one.")
    co_handlers: tuple[str, ...] = Field(min_length=1, description="Department ids to add.")

    @model_validator(mode="after")
    def _conditional(self) -> AlsoRule:
        if self.when.is_empty:
            raise ValueError("when: at least one condition is needed; a co-handler on every complaint is a mistake")
        return self


class Triage(ConfigModel):
    """What is said when the triage department gets a complaint because no rule could place it."""

    unclear: Reasoned = Field(description="The category was not clear enough.")
    no_rule: Reasoned = Field(description="The category was clear, but no rule knows what to do with it.")


class RoutingRules(ConfigModel):
    """All rules of one version."""

    version: str = Field(min_length=1, max_length=40, description="Written into every decision.")
    minimum_confidence: float = Field(
        ge=0, le=1, description="Below it the category counts as undecided: no rule about a category applies."
    )
    rules: tuple[Rule, ...] = Field(description="In order; the first that holds names the lead.")
    also: tuple[AlsoRule, ...] = Field((), description="All that hold add co-handlers.")
    triage: Triage = Field(description="Reasons given when no rule holds.")

    def all_rules(self) -> Iterable[tuple[str, Rule | AlsoRule]]:
        """Every rule with its place in the file, e.g. ``rules.3``."""
        yield from ((f"rules.{index}", rule) for index, rule in enumerate(self.rules))
        yield from ((f"also.{index}", rule) for index, rule in enumerate(self.also))
