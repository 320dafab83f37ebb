"""Text as it really comes: however its characters were written, the same is read; what is kept is what came."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.router.domain.classify import classify
from services.router.domain.reading_copy import reading_copy
from shared.events.complaint import Narrative
from shared.events.decisions import Classification
from tests.unit.router.shipped_config import COMPILED, TAXONOMY
from tests.unit.router.test_classify_safety import MUST_NOT_TRIP, MUST_TRIP, NEAR_MISSES

IGNORABLE = [
    "\u00ad", "\u034f", "\u061c", "\u115f", "\u180e", "\u200b", "\u200c", "\u200d", "\u200e", "\u202e", "\u2060",
    "\u2066", "\u3164", "\ufe0f", "\ufeff", "\uffa0", "\U000e0001", "\U000e0101", "\x07", "&shy;", "&#8203;", "<b>",
    "</span>", "<wbr/>", "\x1b[1m", "\x9b31m", "\ue123", "\uf8ff", "\U000f1234", "\U0010fffd", "\U000d0000", "\ufdd0",
]  # fmt: skip
MARKS = ["\u0301", "\u0323", "\u0336", "\u20dd", "\u3099"]
PARTING = list("*_~^|•·")
SPACES = [" ", "\u3000", "\u00a0", "\u2009", "\t", "&nbsp;", "&#x3000;"]
LINE_ENDS = ["\n", "\r\n", "\u2028", " \n ", "<br>", "<BR />\n", "</p><p class='x'>"]
CHINESE = [text for text in (*MUST_TRIP, *MUST_NOT_TRIP, *NEAR_MISSES) if not text.isascii()]
TERMS = sorted((term for danger in TAXONOMY.safety.dangers for term in danger.terms if not term.isascii()), key=len)


def read(text: str, subject: str | None = None) -> Classification:
    return classify(Narrative(text=text, subject=subject), COMPILED)


@pytest.mark.parametrize(
    "text",
    [
        "插座冒⽕了，客厅里全是烟",
        "插座冒\u200b火了",
        "充电宝突然起\n火，沙发烧了一半",
        "充电宝突然爆　炸",
        "The charger ｃａｕｇｈｔ ｆｉｒｅ",
        "The charger ex\u00adploded",
        "The kettle caught ﬁre",
        "电动⻋起火",
        "热水器爆&#28856;",
        "孩子被<b>烫</b><i>伤</i>",
        "The charger <em>ex</em>ploded",
        "The charger caught<br>fire",
        "产品着\ufe00火\ufe00了",
        "産品着火了".replace("着", "\u2063着"),
        "\u202e热水器爆炸",
        "热水器爆\r\n    炸",
        "热水器爆\u0301炸",
        "插座着\u0336火\u0336了",
        "The charger f\u0323ire, it caught f\u0337ire",
        "插座着\x1b[31m火\x1b[0m了",
        "插座着\x9b1;31m火了",
        "插座&#27;[31m着&#27;[0m火了",
        r"插座\u7740\u706b了",
        r"\u63d2\u5EA7\u7740\U706B",
        r"插座\\u7740\\u706b了",
        "插座着\ue000火了",
        "插座着\U000f0000火了",
        "插座着\U0010fffd\ufdd0火了",
        "插座着\U00040000火了",
        "插座着*火了",
        "插座着·火了",
        "插座着_火了",
    ],
)
def test_a_danger_is_found_however_it_was_typed(text: str) -> None:
    found = read(text)
    assert (found.category, found.severity, found.safety) == ("safety", "critical", True)


@given(st.data(), st.sampled_from(CHINESE))
def test_what_is_not_shown_changes_no_reading(data: st.DataObject, text: str) -> None:
    spoilt = _spoilt(data, text, range(1, len(text)), IGNORABLE)
    assert read(spoilt) == read(text)


@given(st.data(), st.sampled_from(CHINESE))
def test_a_break_inside_a_danger_term_changes_no_reading(data: st.DataObject, text: str) -> None:
    copy = reading_copy(text).text
    inside = {
        place
        for term in TERMS
        for start in range(len(copy))
        if copy.startswith(term, start)
        for place in range(start + 1, start + len(term))
        if _is_han(copy[place - 1]) and _is_han(copy[place])
    }
    if len(copy) == len(text) and inside:
        plain, spoilt = read(text), read(_spoilt(data, text, sorted(inside), SPACES + LINE_ENDS))
        assert (spoilt.severity, spoilt.safety) == (plain.severity, plain.safety)


@given(st.data(), st.sampled_from(CHINESE))
def test_spaces_between_characters_hide_no_danger(data: st.DataObject, text: str) -> None:
    """A break elsewhere may part a denial from its danger, which is a false alarm and no miss."""
    between = [place for place in range(1, len(text)) if _is_han(text[place - 1]) and _is_han(text[place])]
    spoilt = _spoilt(data, text, between, SPACES + LINE_ENDS)
    assert read(spoilt).safety or not read(text).safety


@given(st.data(), st.sampled_from(CHINESE))
def test_marks_on_han_characters_change_no_reading(data: st.DataObject, text: str) -> None:
    after_han = [place for place in range(1, len(text)) if _is_han(text[place - 1])]
    assert read(_spoilt(data, text, after_han, MARKS)) == read(text)


@given(st.sampled_from(CHINESE), st.sampled_from([r"\u{:04x}", r"\u{:04X}", r"\\u{:04x}"]))
def test_han_characters_escaped_once_too_often_change_no_reading(text: str, escape: str) -> None:
    escaped = "".join(escape.format(ord(each)) if _is_han(each) else each for each in text)
    assert read(escaped) == read(text)


@given(st.data(), st.sampled_from(CHINESE))
def test_a_sign_between_two_characters_hides_no_danger(data: st.DataObject, text: str) -> None:
    between = [place for place in range(1, len(text)) if _is_han(text[place - 1]) and _is_han(text[place])]
    assert read(_spoilt(data, text, between, PARTING)).safety or not read(text).safety


@pytest.mark.parametrize("text", ["售后什么都没有*着火了", "投诉了没有·着火了"])
def test_a_denial_before_a_sign_is_about_something_else(text: str) -> None:
    assert read(text).safety


HIDING = [*"着火\\uU706bf3*·_[m1;a\n\x1b\x9b\u0301ｕ７", r"\u706b", "\x1b[1m", "\ue000", "&amp;", "&#92;", "<b>"]


@given(st.lists(st.sampled_from(HIDING), max_size=20).map("".join))
def test_a_copy_of_what_hides_read_again_is_the_same(text: str) -> None:
    once = reading_copy(text).text
    assert reading_copy(once).text == once


@given(st.text(max_size=60) | st.text(st.sampled_from("着火<b>/>&;nbshy#160\n 　\u0301ﬁ&lt;"), max_size=60))
def test_a_copy_read_again_is_the_same(text: str) -> None:
    once = reading_copy(text).text
    assert reading_copy(once).text == once


@given(st.text(st.sampled_from("着火退款abc 09.,!'\n，。！？；：（）、…“”《》<&"), max_size=60))
def test_plain_text_stays_as_it_is_but_for_spaces_between_characters(text: str) -> None:
    if "&" not in text and "<" not in text:
        assert "".join(reading_copy(text).text.split()) == "".join(text.split())


@pytest.mark.parametrize(
    "text",
    ["no word is join ed", "价格<100元，退款>50元", "x < y and y > z", "AT&T", "R & D", "a<3", "退款 refund 退款"],
)
def test_what_only_looks_like_markup_or_parts_words_stays(text: str) -> None:
    assert reading_copy(text).text == text.lower()


def test_a_denial_on_the_line_before_is_about_something_else() -> None:
    assert read("售后的人没有\n着火了").safety
    assert not read("幸好没有着\n火").safety
    assert not read("天冷车子打不着\n火").safety


def test_subject_and_text_are_read_apart() -> None:
    assert not read("火车票退不了", subject="我要失").safety
    assert read("退款", subject="洗衣机起 火").safety


@pytest.mark.parametrize("form", ["NFD", "NFKD"])
def test_letters_and_their_marks_may_come_apart(form: str) -> None:
    assert reading_copy(unicodedata.normalize(form, "Café exploded")).text == "café exploded"  # type: ignore[arg-type]


def _is_han(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"


def _spoilt(data: st.DataObject, text: str, places: range | list[int], insertions: list[str]) -> str:
    chosen = data.draw(st.lists(st.sampled_from(list(places)), min_size=1, max_size=4, unique=True))
    for place in sorted(chosen, reverse=True):
        text = text[:place] + data.draw(st.sampled_from(insertions)) + text[place:]
    return text
