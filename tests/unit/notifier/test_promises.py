"""A letter promises only ways that exist: every setting on and off, every letter, every language."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping

import pytest
from pydantic import ValidationError

from services.notifier.adapters.config_files import load_departments
from services.notifier.bootstrap import letterhead
from services.notifier.domain.notification import AUDIENCES, LANGUAGES, Template
from services.notifier.domain.template_values import TemplateValues
from services.notifier.media.mail.letter import Letter
from services.notifier.media.mail.letter_writer import LetterWriter
from services.notifier.settings import NotifierSettings
from shared.events.notifications import Audience
from tests.unit.notifier.cases import COMPLAINT_ID, TICKET
from tests.unit.notifier.letters import CONFIG, QUERY_CODE, TEMPLATES, a_request

DEPARTMENTS = load_departments(CONFIG / "departments.yaml").by_id()
DOORS = {
    "contact": "+86 10 5555 0199",
    "status_url": "https://follow.example.com/",
    "message_url": "https://say.example.com/",
    "reply_to": "answers@example.com",
}
"""Every door there can be, by the setting that opens it."""

PROMISES = {
    "zh-CN": {
        "status_url": r"进度|随时查询|查询页",
        "message_url": r"网页|填写查询码|查询页面",
        "reply_to": r"回复本邮件|直接回复|保留主题",
        "contact": r"联系我们|与我们联系|来电",
        None: r"工作台|只在本邮件|随时",
    },
    "en": {
        "status_url": r"\bfollow the\b|\bprogress\b",
        "message_url": r"\bonline\b|web page|\btell us here\b",
        "reply_to": r"\breply\b|in the subject",
        "contact": r"\bcontact us\b|\bcall us\b",
        None: r"\bdesk\b|in this message only|at any time",
    },
}
"""What a letter may not say without that setting; None: no setting makes it true today."""

REQUESTS = {"zh-CN": r"[^。；\n]*请(?!编号)[^。；\n]*", "en": r"[^.;\n]*\b[Pp]lease\b[^.;\n]*"}
"""A sentence that asks the reader to do something."""
ALWAYS_POSSIBLE = {
    "zh-CN": r"妥善保管|立即处理|补登|撤回申请|重新提交投诉|停止使用产品",
    "en": r"keep it|keep them|act on it now|deal with complaint|report when|send a new complaint",
}
"""What can be asked of a reader whatever is set."""

COMBINATIONS = [
    {name: DOORS[name] for name in chosen}
    for size in range(len(DOORS) + 1)
    for chosen in itertools.combinations(DOORS, size)
]


def body_of(template: Template, language: str, doors: Mapping[str, str]) -> str:
    """The letter as the notifier with these settings writes it."""
    given = {name: value for name, value in doors.items() if name != "reply_to"}
    smtp = {"reply_to": doors["reply_to"]} if "reply_to" in doors else {}
    settings = NotifierSettings(development=True, config_dir=CONFIG, smtp=smtp, **given)  # type: ignore[arg-type]
    values = TemplateValues(letterhead(settings), lambda _complaint: QUERY_CODE)
    writer = LetterWriter(TEMPLATES, DEPARTMENTS, values, settings.smtp.reply_to)
    letter = writer.write(a_request(template, language))
    assert isinstance(letter, Letter)
    return letter.body


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("doors", COMBINATIONS, ids=lambda doors: "+".join(doors) or "none")
def test_every_promise_has_a_door(doors: Mapping[str, str], language: str) -> None:
    for template in Template:
        body = body_of(template, language, doors)
        for door, phrases in PROMISES[language].items():
            if door not in doors:
                assert not re.search(phrases, body), f"{template}: promises what {door} would open"
        for door, address in DOORS.items():
            assert door in doors or address not in body
        assert "\n\n\n" not in body


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_doors_nobody_is_asked_for_what_nobody_can_do(language: str) -> None:
    for template in Template:
        for request in re.findall(REQUESTS[language], body_of(template, language, {})):
            assert re.search(ALWAYS_POSSIBLE[language], request), f"{template}: {request}"


TAKE_THE_CODE = ("status_url", "message_url")
"""Pages that ask for the query code; nobody else does."""
USE_OF_THE_CODE = {"zh-CN": r"查询码(用来|可以|继续有效)", "en": r"query code (shows|opens|you already have)"}
ALSO = {"zh-CN": r"也可以|还可以", "en": r"\balso\b"}
"""Said of a second way; there must be a first."""
FIRST_WAY = {"zh-CN": r"^- |重新提交投诉", "en": r"^- |send a new complaint"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("doors", COMBINATIONS, ids=lambda doors: "+".join(doors) or "none")
def test_the_query_code_is_said_to_be_of_use_only_where_something_asks_for_it(
    doors: Mapping[str, str], language: str
) -> None:
    usable = any(page in doors for page in TAKE_THE_CODE)
    for template in Template:
        body = body_of(template, language, doors)
        assert usable or not re.search(USE_OF_THE_CODE[language], body), template
    acknowledgement = body_of(Template.ACKNOWLEDGEMENT, language, doors)
    assert bool(re.search(USE_OF_THE_CODE[language], acknowledgement)) == usable
    assert QUERY_CODE in acknowledgement


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("doors", COMBINATIONS, ids=lambda doors: "+".join(doors) or "none")
def test_a_second_way_comes_after_a_first(doors: Mapping[str, str], language: str) -> None:
    for template in Template:
        body = body_of(template, language, doors)
        for also in re.finditer(ALSO[language], body):
            assert re.search(FIRST_WAY[language], body[: also.start()], re.MULTILINE), template


OFFERED = {
    Template.ACKNOWLEDGEMENT: ("status_url", "message_url", "contact"),
    Template.RESULT: ("message_url", "reply_to", "contact"),
    Template.WITHDRAWAL_CONFIRMED: ("reply_to", "contact"),
    Template.REJECTION: ("reply_to", "contact"),
}
"""Doors a letter must name when they exist; a reply is named by the words, not the address."""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", OFFERED)
def test_doors_that_exist_are_named(template: Template, language: str) -> None:
    body = body_of(template, language, DOORS)
    for door in OFFERED[template]:
        assert re.search(PROMISES[language][door], body), door
        assert door == "reply_to" or DOORS[door] in body


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_for_messages_is_told_which_complaint_it_is_about_but_not_the_code(language: str) -> None:
    page = {"message_url": "https://say.example.com/{complaint_id}?ticket={ticket_number}"}
    body = body_of(Template.ACKNOWLEDGEMENT, language, page)
    assert f"https://say.example.com/{COMPLAINT_ID}?ticket={TICKET}" in body
    assert body.count(QUERY_CODE) == 1


def test_a_withdrawn_complaint_is_not_sent_to_a_page_that_refuses_it() -> None:
    """After a withdrawal every message is refused: the page is no door then."""
    for language in LANGUAGES:
        assert DOORS["message_url"] not in body_of(Template.WITHDRAWAL_CONFIRMED, language, DOORS)


def test_departments_are_sent_to_no_door_of_complainants() -> None:
    for language, template in itertools.product(LANGUAGES, Template):
        if AUDIENCES[template] is Audience.DEPARTMENT:
            body = body_of(template, language, DOORS)
            assert not any(address in body for address in DOORS.values())


@pytest.mark.parametrize("blank", ["", " ", "\t"])
def test_a_setting_set_to_nothing_opens_no_door(blank: str) -> None:
    empty = dict.fromkeys(DOORS, blank)
    for language, template in itertools.product(LANGUAGES, Template):
        assert body_of(template, language, empty) == body_of(template, language, {})


def test_a_mailbox_that_is_none_is_refused() -> None:
    with pytest.raises(ValidationError, match="not an e-mail address"):
        NotifierSettings(development=True, smtp={"reply_to": "nobody"})
