"""What counts as saying something: whatever a reader would see."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.invisible import is_blank, is_given, without_invisible

BLANK = [
    "", " ", "\t\r\n", "\u3000", "\u00a0", "\u200b", "\ufeff", "\u00ad", "\u3164", "\uffa0", "\u115f", "\u1160",
    "\u2800", "\u034f", "\u180e", "\u2060", "\u202e", "\u2066", "\ufe0f", "\U000e0041", "\u0301", "\u20dd",
    " \u0323\u0301 ", "\ue000", "\U000f1234", "\ud800", "\x00", "\x07", "\x85", "\u2028", "\ufff9", "\uffff",
]  # fmt: skip
VISIBLE = [
    "0",
    ".",
    "无",
    "é",
    "e\u0301",
    "😡",
    "\u2801",
    "ก",
    "\u0915\u093f",
    "\U0002a6df",
    "\U000323b0",
    "𠮷",
    "〇",
    "·",
    "-",
]


@pytest.mark.parametrize("text", BLANK)
def test_what_nobody_sees_is_blank(text: str) -> None:
    assert is_blank(text)
    assert not is_given(text)


@pytest.mark.parametrize("text", VISIBLE)
def test_what_somebody_sees_is_given(text: str) -> None:
    assert is_given(text)


@given(st.lists(st.sampled_from(BLANK)).map("".join), st.sampled_from(["", *VISIBLE]))
def test_one_visible_character_is_enough_and_needed(around: str, visible: str) -> None:
    assert is_blank(around + visible + around) is (visible == "")


@given(st.text())
def test_taking_out_the_invisible_changes_no_answer(text: str) -> None:
    assert is_blank(without_invisible(text)) is is_blank(text)


def test_letters_digits_and_punctuation_are_all_visible() -> None:
    """Every assigned character of these kinds, but for the few that Unicode says are not shown."""
    unseen = [
        chr(code) for code in range(0x110000) if unicodedata.category(chr(code))[0] in "LNPS" and is_blank(chr(code))
    ]
    assert unseen == ["\u115f", "\u1160", "\u2800", "\u3164", "\uffa0"]
