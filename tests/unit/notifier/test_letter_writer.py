"""From request to letter: the right addressee, or a reason why there can be no letter."""

from __future__ import annotations

from typing import Any

import pytest

from services.notifier.domain.notification import Template
from services.notifier.media.mail.letter import Letter
from services.notifier.sending.medium import Unsendable
from shared.events.complaint import Complainant
from tests.unit.notifier.cases import NOON
from tests.unit.notifier.letters import a_request, a_writer


def test_a_complainant_is_written_to_at_the_address_given() -> None:
    letter = a_writer().write(a_request())
    assert isinstance(letter, Letter)
    assert (letter.recipient, letter.language, letter.written_at) == ("li.hua@example.cn", "zh-CN", NOON)


def test_a_department_is_written_to_at_its_configured_address() -> None:
    letter = a_writer().write(a_request(Template.BREACH_NOTICE))
    assert isinstance(letter, Letter)
    assert letter.recipient == "logistics@example.com"


def test_the_status_page_is_named_where_there_is_one() -> None:
    letter = a_writer("https://status.example.com/").write(a_request())
    assert isinstance(letter, Letter)
    assert "：https://status.example.com/\n" in letter.body


@pytest.mark.parametrize(
    ("request_changes", "reason"),
    [
        ({"complainant": Complainant(name="李华")}, "no_address"),
        ({"complainant": None}, "no_address"),
        ({"template": "horoscope"}, "template_failed"),
        ({"language": "tlh"}, "template_failed"),
        ({"parameters": {}}, "template_failed"),
        ({"parameters": {"channel": "web", "received_at": "yesterday"}}, "template_failed"),
    ],
)
def test_what_cannot_be_written_has_a_reason(request_changes: dict[str, Any], reason: str) -> None:
    refused = a_writer().write(a_request().model_copy(update=request_changes))
    assert isinstance(refused, Unsendable)
    assert refused.reason == reason


def test_an_unknown_department_has_a_reason() -> None:
    refused = a_writer().write(a_request(Template.BREACH_NOTICE, department="astrology"))
    assert refused == Unsendable("unknown_department", "departments.yaml has no 'astrology'")


def test_reasons_do_not_repeat_personal_data() -> None:
    refused = a_writer().write(a_request(name="李华", parameters={}))
    assert isinstance(refused, Unsendable)
    assert "李华" not in refused.detail


@pytest.mark.parametrize(
    "name",
    ["李\n\n点击 http://spam.example", "WIN at www.spam.example", "A" * 41, "<b>Bob</b>", "a\u2028b", "50% off", ""],
)
def test_a_name_that_is_no_name_is_not_repeated(name: str) -> None:
    letter = a_writer().write(a_request(name=name))
    assert isinstance(letter, Letter)
    assert letter.body.startswith("尊敬的客户，您好：\n\n")
    assert "spam" not in letter.body


@pytest.mark.parametrize(
    ("name", "greeting"),
    [
        ("  李　 华 ", "李 华"),
        ("阿依古丽·买买提", "阿依古丽·买买提"),
        ("Seán O’Brien-Smith", "Seán O’Brien-Smith"),
        ("J. Lee", "J. Lee"),
    ],
)
def test_names_of_all_kinds_are_used(name: str, greeting: str) -> None:
    letter = a_writer().write(a_request(name=name))
    assert isinstance(letter, Letter)
    assert letter.body.startswith(f"{greeting}，您好：\n\n")


def test_template_syntax_in_values_is_text_not_template() -> None:
    parameters = {"status": "{{ 7 * 7 }}", "cause": "{% raw %}", "measures": "x", "resolved_at": "2026-03-02T01:30:00Z"}
    letter = a_writer().write(a_request(Template.RESULT, parameters=parameters))
    assert isinstance(letter, Letter)
    assert "状态：{{ 7 * 7 }}" in letter.body
