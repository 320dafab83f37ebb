"""What nobody sees: characters without a shape of their own, and texts made of nothing else.

One definition for everybody who asks whether something was said: a complaint, an answer to it, a reason.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_DEFAULT_IGNORABLE: Final = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Default_Ignorable_Code_Point of the Unicode Character Database (DerivedCoreProperties): soft hyphen, zero-width
characters, marks of direction, variation selectors, fillers of Hangul, tags; those not assigned yet included."""

_CONTROLS: Final = r"\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufff9-\ufffb"
"""Controls that are no white space, and the anchors of interlinear notes."""

INVISIBLE: Final = _DEFAULT_IGNORABLE + _CONTROLS
"""Inside of a regular expression's character class. White space is not among them: it parts words."""

_INVISIBLE: Final = re.compile(f"[{INVISIBLE}]")
_PLAINLY_VISIBLE: Final = re.compile(r"[!-~\u4e00-\u9fff]")
_BLANK_PATTERN: Final = "\u2800"
"""Braille of no dots: a symbol by its category, a space to the eye."""

_UNSEEN_CATEGORIES: Final = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Mn", "Mc", "Me"})
"""White space, controls, formats, halves of a surrogate pair, private use, and marks, which need a letter to stand on.
Not assigned (Cn) is not among them: a character of a later Unicode is one that somebody typed."""


def without_invisible(text: str) -> str:
    """``text`` without the characters that are ignored when it is shown."""
    return _INVISIBLE.sub("", text)


def is_blank(text: str) -> bool:
    """True when ``text`` shows nothing: white space, ignorable characters, marks without a letter, private use."""
    if _PLAINLY_VISIBLE.search(text) is not None:
        return False
    return all(_is_unseen(character) for character in text)


def is_given(text: str | None) -> bool:
    """True when ``text`` is there and says something."""
    return text is not None and not is_blank(text)


def _is_unseen(character: str) -> bool:
    return (
        unicodedata.category(character) in _UNSEEN_CATEGORIES
        or character == _BLANK_PATTERN
        or _INVISIBLE.match(character) is not None
        or ord(character) & 0xFFFE == 0xFFFE  # never characters: the last two of each plane
    )
