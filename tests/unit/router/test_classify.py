"""What a complaint is about: evidence decides, a tie or too little of it does not, and nothing else leaks out."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.router.domain.classify import PRIORITY, classify
from services.router.domain.taxonomy import UNCLEAR
from shared.events.complaint import Money, Narrative
from shared.events.decisions import Classification, Severity
from tests.unit.router.shipped_config import COMPILED, TAXONOMY

_TERMS = sorted(term for category in TAXONOMY.categories for terms in category.terms.values() for term in terms)
_TEXTS = st.lists(st.sampled_from(_TERMS) | st.text(max_size=8), max_size=30).map("。".join).map("投诉：".__add__)


def decide(text: str, **given: object) -> Classification:
    return classify(Narrative(text=text), COMPILED, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("衣服洗一次就掉色起球，质量太差", "product_quality"),
        ("发动机异响，变速箱顿挫，多次出现故障灯", "product_quality"),
        ("The kettle is defective, it stopped working after a week", "product_quality"),
        ("客服态度恶劣，电话一直打不通", "service"),
        ("客服態度惡劣，沒人理", "service"),
        ("The agent was rude and hung up on me", "service"),
        ("话费多扣了五十元，属于乱收费", "price"),
        ("I was charged a late fee twice, the interest rate is outrageous", "price"),
        ("购车时承诺赠送保养，一直不兑现，合同约定写得清清楚楚", "contract"),
        ("They breached the loan agreement; I paid in full and they will not release the lien", "contract"),
        ("七天无理由退货被拒，售后拒绝维修", "after_sales"),
        ("The repair shop refuses to honor the warranty, no spare parts, no refund", "after_sales"),
        ("食堂存在重大隐患，非常危险，食品安全没人管", "safety"),
        ("This ladder is dangerous and unsafe, a safety hazard", "safety"),
        ("快递显示已签收但我没收到包裹，物流一直不更新", "logistics"),
        ("My parcel never arrived, the courier says out for delivery for a week", "logistics"),
        ("商家虚假宣传，卖的是假货，还泄露了我的个人信息", "fraud_privacy"),
        ("Someone opened an account in my name, identity theft, I never authorized it", "fraud_privacy"),
    ],
)
def test_outright_statements_decide(text: str, category: str) -> None:
    decided = decide(text)
    assert decided.category == category
    assert decided.confidence >= TAXONOMY.thresholds.minimum_share


@pytest.mark.parametrize(
    "text",
    [
        "你们自己看着办",
        "谢谢",
        "Please see my previous message.",
        "?",
        "质量有问题没有不知道",
        "客服",
        "掉色，而且打不通",  # two outright statements: a tie
    ],
)
def test_too_little_or_a_tie_is_left_to_a_person(text: str) -> None:
    decided = decide(text)
    assert decided.category == UNCLEAR
    assert decided.confidence < TAXONOMY.thresholds.minimum_share


@pytest.mark.parametrize("text", ["没有质量问题，就是客服态度差", "质量很好，但是态度恶劣没人理"])
def test_a_longer_term_hides_the_shorter_one_inside_it(text: str) -> None:
    assert decide(text).category == "service"


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("客服说没有质量问题，但是手机确实有质量问题", "有质量问题"),
        ("商家说无质量问题，可是质量问题很严重", "质量问题"),
        ("I signed the loan package, and my other package is gone", "package"),
    ],
)
def test_a_neutral_term_hides_only_where_it_stands(text: str, term: str) -> None:
    assert term in decide(text).evidence


@pytest.mark.parametrize("text", ["没有质量问题", "Here is the loan package"])
def test_what_stands_only_inside_a_neutral_term_is_no_evidence(text: str) -> None:
    assert decide(text).evidence == ()


def test_a_term_counts_once_however_often_it_is_said() -> None:
    assert decide("掉色" * 50).confidence == decide("掉色").confidence


def test_the_declared_category_decides_where_the_text_does_not() -> None:
    assert decide("请尽快处理", declared_category="物流").category == "logistics"
    assert decide("掉色，而且打不通", declared_category="product_quality").category == "product_quality"


def test_the_declared_category_is_a_hint_and_not_the_decision() -> None:
    text = "商家虚假宣传，卖的是假货，还泄露了我的个人信息"
    assert decide(text, declared_category="logistics").category == "fraud_privacy"
    assert decide(text, declared_category="no such thing") == decide(text)


@pytest.mark.parametrize(
    ("amount", "severity"),
    [
        (Money(value=Decimal("50000"), currency="CNY"), Severity.HIGH),
        (Money(value=Decimal("49999.99"), currency="CNY"), Severity.MEDIUM),
        (Money(value=Decimal("10000"), currency="USD"), Severity.HIGH),
        (Money(value=Decimal("999999"), currency="XXX"), Severity.MEDIUM),
        (None, Severity.MEDIUM),
    ],
)
def test_a_large_amount_is_high(amount: Money | None, severity: Severity) -> None:
    assert decide("多扣了钱", amount=amount).severity == severity


def test_a_complainant_under_age_is_high_at_least() -> None:
    assert decide("充值退款", minor=True).severity == Severity.HIGH
    assert decide("玩具爆炸，孩子烫伤", minor=True).severity == Severity.CRITICAL


@pytest.mark.parametrize("text", ["再不解决我就找媒体曝光，去法院起诉", "三十户业主集体投诉", "I will file a lawsuit"])
def test_public_or_legal_matters_are_high(text: str) -> None:
    assert decide(text).severity == Severity.HIGH


def test_a_suggestion_is_low_unless_something_grave_is_said_too() -> None:
    assert decide("建议增加营业时间").severity == Severity.LOW
    assert decide("建议你们快点，热水器爆炸了").severity == Severity.CRITICAL


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("产品存在安全问题，危害健康，请问如何退货", "safety"),
        ("食品安全有问题，建议严查", "safety"),
        ("I would like to know who checks this unsafe, hazardous ladder", "safety"),
        ("银行卡被盗刷了五万，请问怎么办", "fraud_privacy"),
        ("我的身份证信息被你们泄露，被人冒用办了贷款，请问怎么处理", "fraud_privacy"),
        ("Just wondering: identity theft, someone opened an account in my name", "fraud_privacy"),
    ],
)
def test_politeness_does_not_make_a_grave_category_low(text: str, category: str) -> None:
    decided = decide(text)
    assert (decided.category, decided.severity, decided.priority) == (category, Severity.HIGH, 1)


def test_the_least_severity_of_a_category_is_no_upper_bound() -> None:
    decided = decide("银行卡被盗刷，身份证被冒用，手机还在口袋里爆炸", declared_category="fraud_privacy")
    assert (decided.category, decided.severity) == ("fraud_privacy", Severity.CRITICAL)


def test_a_grave_category_that_is_only_declared_counts_too() -> None:
    assert decide("请问", declared_category="安全").severity == Severity.HIGH
    assert decide("请问", declared_category="物流").severity == Severity.LOW


@given(_TEXTS, st.sampled_from([None, *TAXONOMY.category_ids]), st.booleans())
def test_every_classification_keeps_its_promises(text: str, declared: str | None, minor: bool) -> None:
    decided = decide(text, declared_category=declared, minor=minor)
    assert decided.category in TAXONOMY.category_ids
    assert PRIORITY[Severity(decided.severity)] == decided.priority
    minimum = TAXONOMY.by_id[decided.category].minimum_severity
    assert minimum is None or decided.priority <= PRIORITY[minimum]
    assert decided.taxonomy_version == TAXONOMY.version
    assert len(decided.evidence) <= 12
    known = {*_TERMS, *(term for danger in TAXONOMY.safety.dangers for term in danger.terms)}
    assert set(decided.evidence) <= known, "evidence is the taxonomy's own words"
    assert decided == decide(text, declared_category=declared, minor=minor)


@given(_TEXTS)
def test_a_minor_or_a_large_amount_never_lowers_severity(text: str) -> None:
    plain = decide(text).priority
    assert decide(text, minor=True).priority <= plain
    assert decide(text, amount=Money(value=Decimal(10**6))).priority <= plain
