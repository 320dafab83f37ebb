"""Finding terms: the same terms a plain search finds, English at word boundaries, Chinese anywhere."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.router.domain.term_index import TermIndex
from services.router.domain.term_notation import expand

_WORD = st.text("ab", min_size=1, max_size=3)
_ENGLISH_TERM = st.lists(_WORD, min_size=1, max_size=3).map(" ".join)
_CHINESE_TERM = st.text("退款不货a", min_size=2, max_size=4).filter(lambda term: not term.isascii())


@given(st.lists(_ENGLISH_TERM, max_size=8), st.lists(st.sampled_from(["a", "b", "ab", "ba", "aab", ", ", "。", "退"])))
def test_english_terms_are_found_as_whole_words(terms: list[str], pieces: list[str]) -> None:
    text = " ".join(pieces)
    words = " ".join(re.findall(r"[a-z0-9]+", text))
    assert TermIndex(terms).scan(text).terms == {term for term in terms if f" {term} " in f" {words} "}


@given(st.lists(_CHINESE_TERM, max_size=8), st.text("退款不货a，😀𠮷", max_size=40))
def test_chinese_terms_are_found_anywhere(terms: list[str], text: str) -> None:
    assert TermIndex(terms).scan(text).terms == {term for term in terms if term in text}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I want a REFUND!", {"refund"}),
        ("refundable", set()),
        ("late, fee", {"late fee"}),
        ("They DIDN'T call; they didn’t write", {"didn't"}),
        ("他们拒绝退款，4S店也不管", {"退款", "4s店"}),
        ("Xrefund", set()),
        ("我要refund啊", {"refund"}),
        ("", set()),
    ],
)
def test_case_punctuation_and_neighbours(text: str, found: set[str]) -> None:
    assert TermIndex(["refund", "late fee", "didn't", "退款", "4s店"]).scan(text.lower()).terms == found


def test_a_lone_surrogate_does_not_stop_the_search() -> None:
    assert TermIndex(["退款", "refund"]).scan("\ud83d退款 refund").terms == {"退款", "refund"}


@pytest.mark.parametrize(
    ("notation", "terms"),
    [
        ("refund(|s|ed)", ("refund", "refunds", "refunded")),
        ("(多|乱)收费", ("多收费", "乱收费")),
        ("(a |)(b|c(d|e))", ("a b", "a cd", "a ce", "b", "cd", "ce")),
        ("Late  Fee", ("late fee",)),
    ],
)
def test_brackets_stand_for_alternatives(notation: str, terms: tuple[str, ...]) -> None:
    assert set(expand(notation)) == set(terms)


@pytest.mark.parametrize("notation", ["(a", "a)", "", "(|)", "(a|b)(c|d)(e|f)(g|h)(i|j)(k|l)(m|n)(o|p)(q|r)"])
def test_a_notation_that_makes_no_sense_is_refused_by_name(notation: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(notation))):
        expand(notation)
