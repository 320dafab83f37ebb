"""Takes HTML out of a text that somebody typed or a form passed on: what a browser would show of it is what was said.

Only elements by name count, so that ``价格<100元`` and ``x < y`` stay as they are. The scan never looks at a character
more than twice, whatever is opened and not closed.
"""

from __future__ import annotations

import re
from html.entities import html5
from typing import Final

_BLOCKS: Final = (
    "address|article|blockquote|body|br|center|dd|div|dl|dt|footer|form|h[1-6]|head|header|hr|html|li|ol|p|pre|section"
    "|table|tbody|td|tfoot|th|thead|title|tr|ul"
)
"""Elements before and after which a browser begins a line."""

_INLINE: Final = (
    "a|abbr|b|bdi|bdo|big|cite|code|del|em|font|i|img|input|ins|kbd|label|mark|q|s|small|span|strike|strong|sub|sup|tt"
    "|u|wbr"
)

_TAG: Final = re.compile(rf"</?(?:(?P<block>{_BLOCKS})|{_INLINE})(?=[\s/>])[^<>]*+>|<!--[^<>]*+>", re.IGNORECASE)
_REFERENCE: Final = re.compile(
    r"&(?:#(?P<decimal>[0-9]{1,7})|#[xX](?P<hex>[0-9a-fA-F]{1,6})|(?P<name>[A-Za-z0-9]{2,31}));"
)
_SIGNS: Final = str.maketrans({"<": "\u2039", ">": "\u203a", "&": "\u214b"})
"""Signs that look alike and mean nothing in HTML, so that what was shown cannot be taken for markup a second time."""


def without_markup(text: str) -> str:
    """``text`` as HTML would show it; the very same text where there is no markup in it."""
    if "<" not in text and "&" not in text:
        return text
    shown = _REFERENCE.sub(_character, _TAG.sub(_space_of, text))
    return text if shown == text else shown


def without_signs(text: str) -> str:
    """``text`` that came out of markup, without the signs of markup."""
    return text.translate(_SIGNS)


def _space_of(tag: re.Match[str]) -> str:
    return "\n" if tag["block"] else ""


def _character(reference: re.Match[str]) -> str:
    if reference["name"]:
        return html5.get(reference["name"] + ";", reference[0])
    code = int(reference["decimal"]) if reference["decimal"] else int(reference["hex"], 16)
    return chr(code) if code <= 0x10FFFF else reference[0]
