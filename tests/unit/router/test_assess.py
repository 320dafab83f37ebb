"""The assessment as departments read it: what the category alone made grave is said among the reasons."""

from __future__ import annotations

import pytest

from services.router.domain.assess import Assessor
from shared.events.complaint import Narrative
from shared.events.decisions import Severity
from tests.unit.router.shipped_config import DEPARTMENTS, RULES, TAXONOMY
from tests.unit.router.test_route import complaint

ASSESS = Assessor(TAXONOMY, DEPARTMENTS, RULES)


@pytest.mark.parametrize(
    ("text", "language", "reason"),
    [
        ("产品存在安全问题，危害健康，请问如何退货", "zh-CN", "“人身与产品安全”类投诉的严重程度至少为“高”"),
        (
            "产品存在安全问题，危害健康，请问如何退货",
            "en-GB",
            "About 'Safety of people and products': at least high severity",
        ),
    ],
)
def test_departments_are_told_that_the_category_set_the_severity(text: str, language: str, reason: str) -> None:
    classification, decision = ASSESS(complaint(narrative=Narrative(text=text), language=language))
    assert classification.severity == Severity.HIGH
    assert decision.reasons[-1] == reason


@pytest.mark.parametrize("text", ["热水器爆炸了，孩子烫伤", "物流太慢，快递一直不更新", "你们自己看着办"])
def test_nothing_is_said_where_the_category_did_not_set_it(text: str) -> None:
    _, decision = ASSESS(complaint(narrative=Narrative(text=text)))
    assert not [reason for reason in decision.reasons if "严重程度" in reason]
