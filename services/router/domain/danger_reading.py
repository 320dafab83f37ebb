"""Reads a danger term in its context: did it happen, did it nearly, or is it denied, feared or supposed?

A miss is worse than a false alarm (ISO 10002 §7.4: health and safety first). So a cue counts only where grammar ties it
to the term: a denial must reach the term over fillers alone ("没有造成人员受伤", "no one was hurt"), a supposition must
stand in the same clause and close by ("怕它半夜着火"). One occurrence that no cue takes back is enough.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from enum import IntEnum
from typing import Final

from services.router.domain.reading_copy import ReadingCopy
from services.router.domain.taxonomy import ContextCues

_BEFORE_CHARACTERS: Final = 80
_AFTER_CHARACTERS: Final = 40
_SENTENCE_END: Final = re.compile(r"[.!?;。！？；\n]")
_PAUSE: Final = re.compile(r"[.,:!?;，。：！？；\n]")
_NEVER: Final = r"(?!)"
_HAN_BEFORE: Final = re.compile(r"[\u3400-\u9fff]\s?$")


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
        filled = rf"(?:{space}{edge}(?>(?:{_any(_longest_first(cues.fillers))}){edge}))*+"
        double = rf"(?P<double>(?:{_any(cues.double_denials)})\s*)?"
        self._before_denied = re.compile(rf"{double}{edge}(?:{_any(cues.denials)}){edge}{filled}{space}$")
        gap = _word_gap(cues) if words else _character_gap(cues)
        self._before_supposed = re.compile(rf"{edge}(?:{_any(cues.hypotheticals)}){edge}{gap}$")
        self._before_near = re.compile(rf"{edge}(?:{_any(cues.near_misses)}){edge}{gap}$")
        self._after = re.compile(rf"\s*(?:{_any((*cues.denials_after, *cues.hypotheticals_after))})")
        self._near_after = re.compile(rf"\s*(?:{_any(cues.near_misses_after)})")

    def read(self, copy: ReadingCopy, start: int, end: int, *, conditional_counts: bool) -> Reading:
        """The occurrence ``copy.text[start:end]``.

        Where a line ends between two characters before it, nobody can tell whether a sentence does. Both are read, and
        the weightier counts: "没有/着火" may be two sentences, "哪/怕着火" is one.
        """
        far = max(0, start - _BEFORE_CHARACTERS)
        line = _line_start(copy, start)
        reading = self._read(copy.text, max(far, line), start, end, conditional_counts)
        if line <= far or reading is Reading.HAPPENED:
            return reading
        return max(reading, self._read(copy.text, far, start, end, conditional_counts))

    def _read(self, text: str, begin: int, start: int, end: int, conditional_counts: bool) -> Reading:
        before = _SENTENCE_END.split(text[begin:start])[-1]
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


def _line_start(copy: ReadingCopy, place: int) -> int:
    """Where the line of ``place`` begins after such an end, or the text."""
    ended = bisect_right(copy.line_ends, place)
    return copy.line_ends[ended - 1] if ended else 0


def _longest_first(cues: Iterable[str]) -> list[str]:
    """A filler once read is not read again in another way, so a longer one comes before its own beginning.

    Read in every way, eighty characters of "大的大的…", each of them one filler or two, would take a day.
    """
    return sorted(cues, key=len, reverse=True)


def _any(cues: Iterable[str]) -> str:
    return "|".join(cues) or _NEVER


def _word_gap(cues: ContextCues) -> str:
    word = rf"(?!(?:{_any(cues.facts)})\b)[\w'$-]+"
    return rf"(?:\s+{word}){{0,{cues.reach}}}\s*"


def _character_gap(cues: ContextCues) -> str:
    return rf"(?:(?!{_any(cues.facts)})[^，。！？；：,.!?;:\n]){{0,{cues.reach}}}"
