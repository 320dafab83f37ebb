r"""The copy of a text in which terms are looked for: the same words, however their characters came to be written.

People type full-width letters, copy from PDF files that hold radicals and ligatures in place of characters, and send
mail that is wrapped anywhere. None of it changes what they say, so it must not change what is found. Only this copy is
folded; what is kept and passed on is the text as it came, and evidence consists of terms, not of places in the text.

- compatibility forms become plain ones (NFKC), radicals the characters they stand for, letters lower case;
- what is not shown (soft hyphens, zero-width characters, variation selectors, marks of direction, what no font has a
  shape for) is dropped, and so are marks that no letter here bears and codes that colour a terminal;
- HTML is read as a browser shows it, and a Han character escaped by JSON once too often (``\u706b``) as what it is;
- one sign that only parts two Han characters (``着*火``) is taken out; a denial before it may be about something else;
- spaces and line ends between two Han characters are taken out, since no word ends there. Where a line ended is kept:
  a term may be wrapped, but a denial on the line before need not be about it.

White space between other characters stays: it parts English words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from services.router.domain.markup import without_markup, without_signs
from shared.invisible import without_invisible

_HAN: Final = r"\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KEPT: Final = "，！？：；（）…"
"""Punctuation whose plain form means more: three full stops end a sentence, an ellipsis need not. Cues know both."""

_UNUSUAL: Final = re.compile(
    rf"[^\t\n\r -%'-;=-\[\]-~\u00b7\u2014\u2018-\u201d\u3001-\u301b\u3400-\u4dbf\u4e00-\u9fff{_KEPT}]"
)
_FOLDABLE: Final = re.compile(f"[^{_KEPT}]+")
_HAN_CHARACTER: Final = re.compile(f"[{_HAN}]")
_LINE_END: Final = re.compile(r"[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")
_PARTING: Final = "*_~^|•·"
"""Signs that people put between characters so that no machine reads them. Full stops and commas end sentences."""
_GAP: Final = re.compile(rf"\s+|[{_PARTING}]")
_SHAPELESS: Final = re.compile(r"[\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff\U00040000-\U000dffff\U000f0000-\U0010ffff]")
"""For private use, never characters, and of planes in which none is assigned."""
_TERMINAL_CODES: Final = re.compile(r"(?:\x1b\[|\x9b)(?:[0-9;:?]{1,32}[@-~]|[A-Km])")
_STRAY_MARKS: Final = re.compile(
    rf"(?<=[{_HAN}a-zA-Z0-9])[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u302a-\u302f\u3099\u309a\ufe20-\ufe2f]+"
)
"""Marks left on a letter that has no form with them, once letters and marks are composed."""
_ESCAPED: Final = re.compile(
    r"\\{1,4}[uU](2[ef][0-9a-fA-F]{2}|300[57]|(?:3[4-9a-fA-F]|[4-9][0-9a-fA-F]|[fF][9aA])[0-9a-fA-F]{2})"
)
"""Han characters alone: none of them can be folded into a part of another escape."""
_SURROGATES: Final = re.compile(r"[\ud800-\udfff]")
_WITHOUT_LETTERS: Final = re.compile(r"[^\w\s\x00-\x7f\u2000-\u2bff\u3000-\u303f]{31,}")
_MOST_MARKS: Final = 30
"""Marks on one letter, as in the Stream-Safe Text Format (UAX #15): normalising more takes time that grows squared."""

_RADICALS: Final = str.maketrans(
    "⺁⺄⺊⺌⺍⺎⺒⺓⺗⺜⺝⺟⺠⺧⺩⺫⺬⺶⺻⺼⻁⻄⻅⻆⻉⻋⻏⻑⻓⻔⻗⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻧⻨⻩⻪⻬⻮⻯⻰⻱⻲",
    "厂乙卜小小兀巳幺心日月母民牛王目示羊聿肉虎西见角贝车邑長长门雨青韦页风飞食马骨鬼鱼鸟卤麦黄黾齐齿竜龙龜亀",
)
"""Radicals with the characters that look the same (UCD, EquivalentUnifiedIdeograph): those of the supplement, which
NFKC leaves alone, as far as they are characters of their own."""


class ReadingCopy(NamedTuple):
    """What is read in place of a text."""

    text: str
    line_ends: tuple[int, ...] = ()
    """Places in ``text``, ascending, where a line ended between the two characters that now stand side by side."""

    def __add__(self, other: object) -> ReadingCopy:
        """Both, one below the other: nothing is read across."""
        if not isinstance(other, ReadingCopy):
            return NotImplemented
        shift = len(self.text) + 1
        return ReadingCopy(
            f"{self.text}\n{other.text}", (*self.line_ends, *(place + shift for place in other.line_ends))
        )


def reading_copy(text: str) -> ReadingCopy:
    """The copy of ``text`` to be read. Cost grows with the length of the text and with nothing else."""
    if not _is_plain(text):
        text = _folded(text)
    text = text.lower()
    return ReadingCopy(text) if text.isascii() else _joined(text.replace("’", "'"))


def _is_plain(text: str) -> bool:
    """True when there is nothing to fold; asked of every text, so the commonest kind is told by the quickest means."""
    if text.isascii():
        return not any(sign in text for sign in "<&\\") and text.replace("\n", " ").isprintable()
    return _UNUSUAL.search(text) is None


def _folded(text: str) -> str:
    text = _normalised(_SURROGATES.sub("\ufffd", text))
    shown = without_markup(text)
    if shown is not text:
        text = without_signs(_normalised(_SURROGATES.sub("\ufffd", shown)))
    return _normalised(text.lower())


def _normalised(text: str) -> str:
    """In compatibility form, without what is not shown, which may have stood between a letter and its mark."""
    text = _SHAPELESS.sub("", _TERMINAL_CODES.sub("", text))
    text = _WITHOUT_LETTERS.sub(_few_marks, without_invisible(text))
    text = _FOLDABLE.sub(_compatible, text)
    text = _FOLDABLE.sub(_compatible, without_invisible(text))
    return _ESCAPED.sub(_unescaped, _STRAY_MARKS.sub("", text)).translate(_RADICALS)


def _unescaped(escape: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", chr(int(escape[1], 16)))


def _compatible(run: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", run[0])


def _few_marks(run: re.Match[str]) -> str:
    kept, marks = [], 0
    for character in run[0]:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def _joined(text: str) -> ReadingCopy:
    gaps = tuple(_gaps(text))
    if not gaps:
        return ReadingCopy(text)
    edges = [0, *(edge for start, end in gaps for edge in (start, end)), len(text)]
    pieces = [text[start:end] for start, end in list(pairwise(edges))[::2]]
    line_ends, place = [], 0
    for piece, (start, end) in zip(pieces, gaps, strict=False):
        place += len(piece)
        if text[start] in _PARTING or _LINE_END.search(text, start, end):
            line_ends.append(place)
    return ReadingCopy("".join(pieces), tuple(line_ends))


def _gaps(text: str) -> Iterator[tuple[int, int]]:
    """White space, or one sign that parts, with Han characters on both sides."""
    for gap in _GAP.finditer(text):
        start, end = gap.span()
        if start and _HAN_CHARACTER.match(text, start - 1) and _HAN_CHARACTER.match(text, end):
            yield start, end
