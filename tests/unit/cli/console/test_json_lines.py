"""Batches on the command line: answers in order, errors in their place, nothing personal in a reason."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cli.ask.classify import classify_line
from services.cli.ask.complaint_line import complaint_in
from services.cli.ask.route import route_line
from services.cli.console.json_lines import LineRefused, run_batch
from services.intake.domain.reading import read_complaint
from services.intake.domain.refusal import DoorRefusal
from services.intake.domain.submission import Submission
from services.intake.domain.wording import field_reason
from services.router.domain.assess import Assessor
from tests.unit.router.shipped_config import COMPILED, DEPARTMENTS, RULES, TAXONOMY

ASSESS = Assessor(TAXONOMY, DEPARTMENTS, RULES)
SAMPLES = Path(__file__).resolve().parents[4] / "deploy" / "samples"


def run(handle: Any, *lines: str) -> tuple[int, list[dict[str, Any]]]:
    sink = io.StringIO()
    code = run_batch(handle, [line.encode() for line in lines], sink)
    return code, [json.loads(line) for line in sink.getvalue().splitlines()]


def classify(document: dict[str, Any]) -> dict[str, Any]:
    return classify_line(COMPILED, document)


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


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ('{"text": "x", "text": "The dryer caught fire"}', "text"),
        ('{"text": "x", "amount": {"value": 1, "value": 2}}', "value"),
        ('{"text": "x", "amount": {"value": 1e999}}', None),
        ('{"text": "x", "amount": {"value": "1", "currency": "XYZ"}}', "amount.currency"),
        ('{"text": "\\u3164"}', "text"),
    ],
)
def test_a_line_is_read_as_strictly_as_at_the_door(line: str, field: str | None) -> None:
    code, (answer,) = run(classify, line)
    assert code == 1
    assert answer["error"]["field"] == field


@pytest.mark.parametrize("currency", ["CNY", "RMB", "rmb", "¥", "人民币"])
def test_an_amount_counts_whatever_its_currency_is_called(currency: str) -> None:
    document = {"text": "合同违约，你们不履行合同承诺", "amount": {"value": "100000", "currency": currency}}
    assert classify(document)["severity"] == "high"


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
    assert answer == {"id": 1, "error": {"line": 1, "field": "narrative", "reason": "is required"}}


def test_the_body_a_client_posts_is_answered() -> None:
    text = "充电宝鼓包发热，桌子都烧黑了"
    body = json.dumps({"channel": "web", "narrative": text, "complainant": {"name": "李华"}})
    code, (routed,) = run(route, body)
    assert code == 0
    assert routed["lead"]
    assert routed["category"] == run(classify, body)[1][0]["category"] == classify({"text": text})["category"]


def door_says(document: dict[str, Any]) -> tuple[str, str] | None:
    """Field and reason of the door's first refusal; None: it is taken."""
    read = read_complaint(document, idempotency_key="k", body_digest="0", now=datetime.now(UTC), new_id=lambda: "n")
    return (read.fields[0].field, field_reason(read.fields[0], "en")) if isinstance(read, DoorRefusal) else None


_VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [
        None, "", "x", "web", "hotline", "冰箱坏了", 5, True, [], {}, {"text": "x"}, {"text": " "}, {"value": "12.50"},
        {"value": -1}, {"name": "李华", "minor": True}, {"nickname": "x"}, "2026-03-02T10:00:00+08:00", "2024", "\0",
    ]
)  # fmt: skip
_FIELDS = st.sampled_from([*Submission.model_fields, "priority", "Narrative"])


@given(st.dictionaries(_FIELDS, _VALUES, max_size=5), st.booleans())
def test_route_and_classify_take_what_the_door_takes_and_refuse_the_rest_in_its_words(
    fields: dict[str, Any], has_narrative: bool
) -> None:
    document = {"narrative": "冰箱坏了"} | fields if has_narrative else fields
    said = door_says(document)
    for handle in (route, classify) if "narrative" in document else (route,):
        _, (answer,) = run(handle, json.dumps({"id": "line"} | document))
        assert answer["id"] == "line"
        found = answer.get("error")
        assert (found and (found["field"], found["reason"])) == said


def test_a_kept_complaint_is_answered_as_what_was_submitted() -> None:
    line = (SAMPLES / "complaints.jsonl").read_text(encoding="utf-8").splitlines()[0]
    kept = complaint_in(json.loads(line))
    assert route(kept.model_dump(mode="json")) == route(json.loads(line))
