"""Who gets a complaint: somewhere always, the lead once, and every decision says which rule, version and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from services.router.adapters.config_files import load_departments, load_rules
from services.router.domain.route import NO_RULE_ID, UNCLEAR_ID, RoutingRules, route
from services.router.domain.routing_rules import When, facts_of
from services.router.domain.taxonomy import UNCLEAR
from shared.errors import ConfigurationError
from shared.events.complaint import Channel, Complainant, Complaint, Money, Narrative
from shared.events.decisions import Classification, RoutingDecision, Severity
from tests.unit.router.shipped_config import CONFIG_DIR, DEPARTMENTS, RULES, TAXONOMY

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SECRET = "张三的银行卡尾号六二二五"


def complaint(**fields: Any) -> Complaint:
    return Complaint(
        **{
            "complaint_id": "0b3f8a52-6b64-5c8e-9d53-0f6f6a1c7d10",
            "ticket_number": "20260302-AAAAAAAAAA-A",
            "channel": Channel.WEB,
            "channel_message_id": "m-1",
            "content_digest": "d",
            "received_at": NOW,
            "ingested_at": NOW,
            "complainant": Complainant(),
            "narrative": Narrative(text=SECRET),
        }
        | fields
    )


def classification(category: str, **fields: Any) -> Classification:
    return Classification(
        **{
            "category": category,
            "severity": Severity.MEDIUM,
            "priority": 2,
            "confidence": 0.8,
            "taxonomy_version": "t",
        }
        | fields
    )


def decide(
    category: str = "product_quality", complaint_fields: dict[str, Any] | None = None, **fields: Any
) -> RoutingDecision:
    return route(complaint(**(complaint_fields or {})), classification(category, **fields), RULES, DEPARTMENTS)


@pytest.mark.parametrize(
    ("category", "lead"),
    [
        ("product_quality", "product-quality"),
        ("service", "customer-service"),
        ("price", "finance"),
        ("contract", "legal"),
        ("after_sales", "after-sales"),
        ("safety", "product-safety"),
        ("logistics", "logistics"),
        ("fraud_privacy", "security-privacy"),
        ("other", "triage"),
    ],
)
def test_every_category_has_its_department(category: str, lead: str) -> None:
    assert decide(category).lead == lead


def test_danger_comes_before_the_category() -> None:
    decision = decide("after_sales", severity=Severity.CRITICAL, priority=0, safety=True)
    assert (decision.lead, decision.rule_id) == ("product-safety", "danger.critical")
    assert "legal" in decision.co_handlers


def test_danger_needs_no_clear_category() -> None:
    decision = decide(UNCLEAR, severity=Severity.CRITICAL, priority=0, safety=True, confidence=0.0)
    assert decision.lead == "product-safety"


def test_a_hazard_brings_the_safety_department_in() -> None:
    assert decide("product_quality", severity=Severity.HIGH, safety=True).co_handlers == ("product-safety",)


@pytest.mark.parametrize(
    ("fields", "co_handler"),
    [
        ({"channel": Channel.REGULATOR}, "public-affairs"),
        ({"complainant": Complainant(minor=True)}, "customer-service"),
        ({"earlier_ticket": "20260101-AAAAAAAAAA-A"}, "customer-service"),
        ({"amount": Money(value=Decimal(50_000))}, "legal"),
    ],
)
def test_co_handlers_are_added_whoever_leads(fields: dict[str, Any], co_handler: str) -> None:
    assert decide("logistics").co_handlers == ()
    decision = decide("logistics", fields)
    assert decision.lead == "logistics"
    assert decision.co_handlers == (co_handler,)
    assert len(decision.reasons) == 2


def test_a_low_confidence_goes_to_triage_with_the_reason() -> None:
    decision = decide("price", confidence=0.1)
    assert (decision.lead, decision.rule_id, decision.co_handlers) == ("triage", UNCLEAR_ID, ())
    assert decision.reasons == (RULES.triage.unclear.reason_zh,)


def test_a_category_no_rule_knows_goes_to_triage_with_the_reason() -> None:
    decision = decide("astrology")
    assert (decision.lead, decision.rule_id) == ("triage", NO_RULE_ID)
    assert decision.reasons == (RULES.triage.no_rule.reason_zh,)


def test_an_unclear_complaint_of_a_minor_goes_to_those_who_call_the_guardian() -> None:
    assert decide(UNCLEAR, {"complainant": Complainant(minor=True)}).lead == "customer-service"


def test_reasons_come_in_the_language_of_the_complaint() -> None:
    assert decide("price", {"language": "en-GB"}).reasons == ("About prices, fees or charges",)
    assert decide("price", {"language": "zh-Hant"}).reasons == ("反映价格、收费或扣款问题",)


_COMPLAINTS = st.builds(
    complaint,
    channel=st.sampled_from([*Channel, "carrier-pigeon"]),
    complainant=st.builds(Complainant, name=st.just(SECRET), minor=st.booleans(), anonymous=st.booleans()),
    amount=st.none()
    | st.builds(
        Money,
        value=st.decimals(0, 10**6, places=2),
        currency=st.sampled_from(["CNY", "USD", "JPY"]),
    ),
    store_reference=st.none() | st.just("一店"),
    merchant_reference=st.none() | st.just("某店"),
    order_reference=st.none() | st.just("SO-1"),
    earlier_ticket=st.none() | st.just("20260101-AAAAAAAAAA-A"),
    regulator_respond_by=st.none() | st.just(NOW),
    language=st.sampled_from(["zh-CN", "en", "fr"]),
)
_CLASSIFICATIONS = st.builds(
    classification,
    st.sampled_from([*TAXONOMY.category_ids, "astrology"]),
    severity=st.sampled_from(list(Severity)),
    confidence=st.floats(0, 1),
    safety=st.booleans(),
)


@given(_COMPLAINTS, _CLASSIFICATIONS)
def test_every_complaint_goes_somewhere_and_the_decision_says_why(
    complaint: Complaint, classification: Classification
) -> None:
    decision = route(complaint, classification, RULES, DEPARTMENTS)
    assert {decision.lead, *decision.co_handlers} <= set(DEPARTMENTS.ids)
    assert decision.lead not in decision.co_handlers
    assert len(set(decision.co_handlers)) == len(decision.co_handlers)
    assert decision.rule_id in {UNCLEAR_ID, NO_RULE_ID, *(rule.id for rule in RULES.rules)}
    assert decision.rules_version == RULES.version
    assert decision.reasons
    said = {reason for _, rule in RULES.all_rules() for reason in (rule.reason_zh, rule.reason_en)}
    said |= {
        reason for why in (RULES.triage.unclear, RULES.triage.no_rule) for reason in (why.reason_zh, why.reason_en)
    }
    assert set(decision.reasons) <= said, "reasons are the rules' own words, none of the narrative"
    assert decision == route(complaint, classification, RULES, DEPARTMENTS)


_WHENS = st.builds(
    When,
    category=st.none() | st.frozensets(st.sampled_from(["product_quality", "price"]), min_size=1),
    severity=st.none() | st.frozensets(st.sampled_from(list(Severity)), min_size=1),
    safety=st.none() | st.booleans(),
    min_amount=st.none() | st.dictionaries(st.sampled_from(["CNY", "USD"]), st.decimals(0, 100, places=0), min_size=1),
)


@given(_WHENS, _WHENS, _COMPLAINTS, _CLASSIFICATIONS)
def test_a_rule_said_to_cover_another_holds_wherever_the_other_does(
    wider: When, narrower: When, complaint: Complaint, classification: Classification
) -> None:
    facts = facts_of(complaint, classification, confident=True)
    if wider.covers(narrower) and narrower.holds(facts):
        assert wider.holds(facts)


def _shipped() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((CONFIG_DIR / "routing.yaml").read_text(encoding="utf-8"))
    return data


def _load(tmp_path: Path, data: object) -> RoutingRules:
    (tmp_path / "routing.yaml").write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return load_rules(tmp_path, DEPARTMENTS, TAXONOMY)


@pytest.mark.parametrize(
    ("spoil", "place", "reason"),
    [
        (lambda d: d["rules"][2].update(lead="finanse"), "rules.2.lead", "there is no department 'finanse'"),
        (lambda d: d["also"][0].update(co_handlers=["x"]), "also.0.co_handlers.0", "there is no department 'x'"),
        (lambda d: d["rules"][2].update(co_handlers=["product-quality"]), "rules.2.co_handlers.0", "leads already"),
        (lambda d: d["rules"][2]["when"].update(category="qualty"), "rules.2.when.category", "no category 'qualty'"),
        (lambda d: d["rules"][2].update(id="safety"), "rules.2.id", "already the id of rules.1"),
        (lambda d: d["also"][0].update(id="safety"), "also.0.id", "already the id of rules.1"),
        (lambda d: d["rules"][0].update(when={}), "rules.1", "never reached, rules.0"),
        (
            lambda d: d["rules"][5].update(when={"category": "product_quality", "safety": True}),
            "rules.5",
            "never reached",
        ),
        (lambda d: d["also"][0].update(when={}), "also.0", "at least one condition"),
        (lambda d: d["rules"][0]["when"].update(severity="awful"), "rules.0.when.severity.0", "Input should be"),
        (lambda d: d["rules"][0]["when"].update(chanel="web"), "rules.0.when.chanel", "not permitted"),
        (lambda d: d["triage"].pop("unclear"), "triage.unclear", "Field required"),
    ],
)
def test_what_is_wrong_with_rules_is_named_with_file_place_and_reason(
    tmp_path: Path, spoil: Callable[[dict[str, Any]], object], place: str, reason: str
) -> None:
    data = _shipped()
    spoil(data)
    with pytest.raises(ConfigurationError) as refused:
        _load(tmp_path, data)
    message = str(refused.value)
    assert str(tmp_path / "routing.yaml") in message
    assert f"{place}: " in message
    assert reason in message


def test_a_catch_all_may_be_the_last_rule(tmp_path: Path) -> None:
    data = _shipped()
    data["rules"].append({"id": "rest", "lead": "customer-service", "reason_zh": "其余", "reason_en": "The rest"})
    rules = _load(tmp_path, data)
    decision = route(complaint(), classification(UNCLEAR), rules, DEPARTMENTS)
    assert (decision.lead, decision.rule_id) == ("customer-service", "rest")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda d: d["departments"][0].update(triage=False), "exactly one must have triage: true, found 0"),
        (lambda d: d["departments"][1].update(triage=True), "found 2"),
        (lambda d: d["departments"][1].update(id="triage"), "'triage' is given twice"),
        (lambda d: d["departments"][1].update(id="Customer Service"), "departments.1.id"),
    ],
)
def test_what_is_wrong_with_departments_is_named(
    tmp_path: Path, spoil: Callable[[dict[str, Any]], object], reason: str
) -> None:
    data = yaml.safe_load((CONFIG_DIR / "departments.yaml").read_text(encoding="utf-8"))
    spoil(data)
    (tmp_path / "departments.yaml").write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        load_departments(tmp_path)
    assert str(tmp_path / "departments.yaml") in str(refused.value)
    assert reason in str(refused.value)
