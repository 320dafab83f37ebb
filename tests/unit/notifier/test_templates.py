"""The texts people get, in both languages; and a broken template stops the start with a useful message."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import pytest

from services.notifier.domain.notification import AUDIENCES, LANGUAGES, Template
from services.notifier.media.mail.letter import Letter
from services.notifier.media.mail.templates import MailTemplates
from shared.errors import ConfigurationError
from shared.events.notifications import Audience
from tests.unit.notifier.cases import TICKET
from tests.unit.notifier.letters import CONFIG, QUERY_CODE, SHANGHAI, a_request, a_writer

KEY_PHRASES = {
    (Template.ACKNOWLEDGEMENT, "zh-CN"): ["已收到您的投诉", "来源：网站", "2026年3月2日 09:30", QUERY_CODE],
    (Template.ACKNOWLEDGEMENT, "en"): [
        "have received your complaint",
        "through our website",
        "2 March 2026, 09:30 (UTC+08:00)",
        QUERY_CODE,
    ],
    (Template.RESULT, "zh-CN"): [
        "处理结果",
        "状态：refund granted",
        "原因：the parcel was damaged",
        "措施：the amount",
        "没有得到解决",
    ],
    (Template.RESULT, "en"): [
        "the result of your complaint",
        "Status: refund granted",
        "Cause: the parcel",
        "not solved",
    ],
    (Template.BREACH_NOTICE, "zh-CN"): ["物流配送部：", "“首次回复”时限已过", "不含投诉人的个人信息"],
    (Template.BREACH_NOTICE, "en"): ["To Logistics,", '"first response" has passed', "no personal data"],
    (Template.BREACH_CORRECTED, "zh-CN"): ["超时通知有误", "“首次回复”已按时完成"],
    (Template.BREACH_CORRECTED, "en"): ["was wrong", '"first response" of complaint', "done in time"],
    (Template.WITHDRAWAL_CONFIRMED, "zh-CN"): ["撤回了投诉", "状态：已撤回"],
    (Template.WITHDRAWAL_CONFIRMED, "en"): ["is withdrawn", "Status: withdrawn"],
    (Template.REJECTION, "zh-CN"): ["无法受理", "不属于本企业的产品或服务", "行政部门"],
    (Template.REJECTION, "en"): ["cannot take up", "does not concern our products", "authority"],
    (Template.REOPENED, "zh-CN"): ["已重新办理", "没有得到解决"],
    (Template.REOPENED, "en"): ["is open again", "not solved"],
    (Template.MESSAGE_REFUSED, "zh-CN"): [
        "补充材料",
        "没有计入投诉",
        "已转交工作人员",
        "已经办结",
        "重新提交投诉",
        "120",
    ],
    (Template.MESSAGE_REFUSED, "en"): [
        "additional material",
        "not added",
        "our staff",
        "is closed",
        "new complaint",
        "emergency",
    ],
}

PARTS = {"zh-CN": ("状态：", "原因：", "措施：", "日期："), "en": ("Status: ", "Cause: ", "Measures: ", "Date: ")}


def the_letter(template: Template, language: str, **request: object) -> Letter:
    letter = a_writer().write(a_request(template, language, **request))  # type: ignore[arg-type]
    assert isinstance(letter, Letter)
    return letter


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", list(Template))
def test_every_letter_says_what_it_has_to(template: Template, language: str) -> None:
    letter = the_letter(template, language)
    text = letter.subject + "\n" + letter.body
    for phrase in KEY_PHRASES[template, language]:
        assert phrase in text
    assert TICKET in letter.subject
    assert not any(leftover in text for leftover in ("{{", "{%", "None", "Undefined"))
    assert "\n\n\n" not in letter.body
    assert max(map(len, letter.body.splitlines())) <= 120


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", list(Template))
def test_every_letter_has_status_cause_measures_and_date_in_this_order(template: Template, language: str) -> None:
    body = the_letter(template, language).body
    places = [body.index("\n" + part) for part in PARTS[language]]
    assert places == sorted(places)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_query_code_is_in_the_acknowledgement_alone(language: str) -> None:
    for template in Template:
        assert (QUERY_CODE in the_letter(template, language).body) is (template is Template.ACKNOWLEDGEMENT)


@pytest.mark.parametrize("template", [t for t in Template if AUDIENCES[t] is Audience.COMPLAINANT])
def test_complainants_are_greeted_by_name_if_there_is_one(template: Template) -> None:
    assert the_letter(template, "zh-CN").body.startswith("李华，您好：\n\n")
    assert the_letter(template, "zh-CN", name=None).body.startswith("尊敬的客户，您好：\n\n")
    assert the_letter(template, "en", name="Ann Lee").body.startswith("Dear Ann Lee,\n\n")
    assert the_letter(template, "en", name=None).body.startswith("Dear customer,\n\n")


def test_codes_nobody_translated_yet_are_shown_as_they_are() -> None:
    parameters = {"reason": "brand_new_reason", "rejected_at": "2026-03-02T01:30:00Z"}
    assert "brand_new_reason" in the_letter(Template.REJECTION, "zh-CN", parameters=parameters).body
    parameters = {"clock": "brand_new_clock", "due_by": "2026-03-02T01:30:00Z", "detected_at": "2026-03-02T01:30:00Z"}
    assert "brand_new_clock" in the_letter(Template.BREACH_NOTICE, "en", parameters=parameters).body


REFUSALS = list(
    itertools.product(
        ["supplement", "urge", "withdrawal", "survey_answer"],
        ["case_closed", "withdrawn", "not_resolved", "stale_cycle", "future_cycle", "already_answered"],
        ["", "yes"],
    )
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_of_a_message_has_its_own_words(language: str) -> None:
    """What was not taken, why, and what to do now; no code of ours, and advice where people are in danger."""
    for message, reason, danger in REFUSALS:
        parameters = {"message": message, "reason": reason, "danger": danger, "received_at": "2026-03-02T01:30:00Z"}
        letter = the_letter(Template.MESSAGE_REFUSED, language, parameters=parameters)
        text = letter.subject + letter.body
        assert reason not in text
        assert ("120" in text or "emergency" in text) is bool(danger)
        assert max(map(len, letter.body.splitlines())) <= 120


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """A copy of the templates that may be spoilt."""
    return Path(shutil.copytree(CONFIG / "templates", tmp_path / "templates"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Betreff: x\n\nbody\n", "the first line must be 'Subject: '"),
        ("Subject: \n\nbody\n", "the first line must be 'Subject: '"),
        ("Subject: x\n\n", "no body"),
        ("Subject: x\n\n{{ resloved_at }}\n", "'resloved_at' is undefined"),
        ("Subject: {{ query_code }}\n\nbody\n", "'query_code' is undefined"),
        ("Subject: x\n\n{% if %}\n", "Expected an expression"),
        ("Subject: x\n\n{{ ().__class__.__bases__ }}\n", "SecurityError"),
        ('Subject: x\n\n{% include "_missing.txt.j2" %}\n', "TemplateNotFound"),
        ("Subject: x\n\n{{ status | instant }}\n", "ValueError"),
    ],
)
def test_a_broken_template_stops_the_start_and_is_named(templates: Path, text: str, reason: str) -> None:
    path = templates / "en" / "result.txt.j2"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refusal:
        MailTemplates(templates, SHANGHAI)
    assert str(path) in str(refusal.value)
    assert reason in str(refusal.value)


def test_every_file_that_is_missing_is_named(templates: Path) -> None:
    (templates / "en" / "reopened.txt.j2").unlink()
    (templates / "zh-CN" / "result.txt.j2").unlink()
    with pytest.raises(ConfigurationError, match=r"zh-CN/result\.txt\.j2.*en/reopened\.txt\.j2"):
        MailTemplates(templates, SHANGHAI)
