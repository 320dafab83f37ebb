"""Batches on the command line: answers in order, errors in their place, nothing personal in a reason."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from services.cli.classify import classify_line
from services.cli.json_lines import LineRefused, run_batch
from services.cli.route import route_line
from services.router.domain.assess import Assessor
from tests.unit.router.shipped_config import DEPARTMENTS, RULES, TAXONOMY

ASSESS = Assessor(TAXONOMY, DEPARTMENTS, RULES)
SAMPLES = Path(__file__).resolve().parents[3] / "deploy" / "samples"


def run(handle: Any, *lines: str) -> tuple[int, list[dict[str, Any]]]:
    sink = io.StringIO()
    code = run_batch(handle, [line.encode() for line in lines], sink)
    return code, [json.loads(line) for line in sink.getvalue().splitlines()]


def classify(document: dict[str, Any]) -> dict[str, Any]:
    return classify_line(TAXONOMY, document)


def route(document: dict[str, Any]) -> dict[str, Any]:
    return route_line(ASSESS, document)


def test_answers_come_in_order_and_blank_lines_are_left_out() -> None:
    code, answers = run(lambda document: {"seen": document["n"]}, '{"id": "a", "n": 1}', "", '{"id": "b", "n": 2}')
    assert code == 0
    assert answers == [{"id": "a", "seen": 1}, {"id": "b", "seen": 2}]


@pytest.mark.parametrize("line", ["张三 138", '["张三"]', '{"id": NaN}', '{"id": ', "[" * 100_000])
def test_a_line_that_is_no_object_gets_its_error_in_its_place(line: str) -> None:
    code, answers = run(classify, '{"id": 1, "text": "x"}', line, '{"id": 3, "text": "y"}')
    assert code == 1
    assert [answer["id"] for answer in answers] == [1, None, 3]
    assert answers[1]["error"]["line"] == 2
    assert answers[1]["error"]["reason"]
    assert "张三" not in json.dumps(answers[1], ensure_ascii=False)


def test_a_refusal_names_field_and_reason() -> None:
    def refuse(document: dict[str, Any]) -> dict[str, Any]:
        raise LineRefused("n", "must be odd")

    assert run(refuse, '{"id": 7}') == (1, [{"id": 7, "error": {"line": 1, "field": "n", "reason": "must be odd"}}])


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ('{"id": 1}', "text"),
        ('{"id": 1, "text": ""}', "text"),
        ('{"id": 1, "text": 5}', "text"),
        ('{"id": 1, "text": "x", "amount": {"value": "-1"}}', "amount.value"),
    ],
)
def test_classify_names_the_field_that_is_wrong(line: str, field: str) -> None:
    code, (answer,) = run(classify, line)
    assert code == 1
    assert (answer["id"], answer["error"]["field"]) == (1, field)


def test_classify_answers_what_the_router_would_decide() -> None:
    line = json.dumps({"id": "x", "text": "The dryer caught fire", "cat8": "ignored"})
    assert run(classify, line) == (
        0,
        [{"id": "x", "category": "safety", "severity": "critical", "confidence": 0.857, "evidence": ["caught fire"]}],
    )


def test_route_takes_submissions_and_says_who_and_why() -> None:
    lines = (SAMPLES / "complaints.jsonl").read_text(encoding="utf-8").splitlines()
    code, answers = run(route, *lines)
    assert code == 0
    assert [answer["id"] for answer in answers] == [json.loads(line)["channel_message_id"] for line in lines]
    for answer in answers:
        assert answer["departments"] == [answer["lead"], *answer["co_handlers"]]
        assert answer["rules_version"] == RULES.version
        assert answer["rule_id"]
        assert answer["reasons"]


def test_route_refuses_what_is_no_complaint() -> None:
    code, (answer,) = run(route, '{"id": 1, "channel": "web"}')
    assert code == 1
    assert answer == {"id": 1, "error": {"line": 1, "field": "narrative", "reason": "Field required"}}
