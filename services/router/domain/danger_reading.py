"""Reads a danger term in its context: did it happen, did it nearly, or is it denied, feared or supposed?

A miss is worse than a false alarm (ISO 10002 §7.4: health and safety first). So a cue counts only where grammar ties it
to the term: a denial must reach the term over fillers alone ("没有造成人员受伤", "no one was hurt"), a supposition must
stand in the same clause and close by ("怕它半夜着火"). One occurrence that no cue takes back is enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import IntEnum
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from services.router.domain.taxonomy import ContextCues

_BEFORE_CHARACTERS: Final = 80
_AFTER_CHARACTERS: Final = 40
_SENTENCE_END: Final = re.compile(r"[.!?;。！？；\n]")
_PAUSE: Final = re.compile(r"[.,:!?;，。：！？；\n]")
_NEVER: Final = r"(?!)"
_HAN_BEFORE: Final = re.compile(r"[\u3400-\u9fff]\s?$")
_WORD_START: Final = r"(?<![a-z0-9])"
_WORD_END: Final = r"(?![a-z0-9])"
"""Word boundaries as the term index sees them: unlike ``\\b``, a Chinese character or an underscore ends a word."""


class Reading(IntEnum):
    """What a text says about one danger, in rising order of weight."""

    TAKEN_BACK = 0
    NEAR_MISS = 1
    HAPPENED = 2


class ContextReader:
    """Reads occurrences of terms of one language by that language's cues."""

    __slots__ = ("_after", "_before_denied", "_before_near", "_before_supposed", "_near_after")

    def __init__(self, cues: ContextCues, *, words: bool) -> None:
        """``words``: the language separates words by spaces (English); else reach counts characters (Chinese)."""
        edge, space = (r"\b", r"[\s\"'(-]+") if words else ("", r"\s*")
        filled = rf"(?:{space}{edge}(?:{_any(cues.fillers)}){edge})*?"
        double = rf"(?P<double>(?:{_any(cues.double_denials)})\s*)?"
        self._before_denied = re.compile(rf"{double}{edge}(?:{_any(cues.denials)}){edge}{filled}{space}$")
        gap = _word_gap(cues) if words else _character_gap(cues)
        self._before_supposed = re.compile(rf"{edge}(?:{_any(cues.hypotheticals)}){edge}{gap}$")
        self._before_near = re.compile(rf"{edge}(?:{_any(cues.near_misses)}){edge}{gap}$")
        self._after = re.compile(rf"\s*(?:{_any((*cues.denials_after, *cues.hypotheticals_after))})")
        self._near_after = re.compile(rf"\s*(?:{_any(cues.near_misses_after)})")

    def read(self, text: str, start: int, end: int, *, conditional_counts: bool) -> Reading:
        """The occurrence ``text[start:end]``; ``text`` is lower case."""
        before = _SENTENCE_END.split(text[max(0, start - _BEFORE_CHARACTERS) : start])[-1]
        reach = end + _AFTER_CHARACTERS
        denied = self._before_denied.search(before)
        if denied is not None:
            return Reading.HAPPENED if denied["double"] else Reading.TAKEN_BACK
        if conditional_counts:
            return Reading.HAPPENED
        if self._near_after.match(text, end, reach):
            return Reading.NEAR_MISS
        if self._before_supposed.search(before) or self._after.match(text, end, reach):
            return Reading.TAKEN_BACK
        return Reading.NEAR_MISS if self._before_near.search(before) else Reading.HAPPENED


def in_chinese(text: str, start: int) -> bool:
    """Whether what stands at ``start``, in whatever script, is said in a Chinese sentence."""
    return _HAN_BEFORE.search(text, max(0, start - 2), start) is not None


def in_one_breath(text: str, start: int, end: int) -> bool:
    """Whether no punctuation parts ``text[start:end]``: "I had a fire. Your heater" dismisses nobody."""
    return _PAUSE.search(text, start, end) is None


def occurrences(term: str, text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each occurrence of ``term`` in ``text``, which is lower case."""
    return (match.span() for match in _pattern_of(term).finditer(text))


@cache
def _pattern_of(term: str) -> re.Pattern[str]:
    """Compiled on first use: most danger terms are never met."""
    if not term.isascii():
        return re.compile(re.escape(term))
    words = (re.escape(word).replace("'", "'?") for word in term.split())
    return re.compile(_WORD_START + r"[^a-z0-9]+".join(words) + _WORD_END)


def _any(cues: Iterable[str]) -> str:
    return "|".join(cues) or _NEVER


def _word_gap(cues: ContextCues) -> str:
    word = rf"(?!(?:{_any(cues.facts)})\b)[\w'$-]+"
    return rf"(?:\s+{word}){{0,{cues.reach}}}\s*"


def _character_gap(cues: ContextCues) -> str:
    return rf"(?:(?!{_any(cues.facts)})[^，。！？；：,.!?;:\n]){{0,{cues.reach}}}"
