"""Text as it may go to a terminal: what would act on the screen, or hide on it, is written out instead.

Records hold what strangers wrote. An escape sequence can clear the screen, change its title or forge a line of the
answer; a mark of direction can turn a number round. Everything the command prints for people passes here.
"""

from __future__ import annotations

import re
from typing import Final

from shared.invisible import INVISIBLE

_BREAKS: Final = r"\x0b\x0c\x1c-\x1f\x85\u2028\u2029"
"""Ends of a line other than the line feed. They are white space to readers of a text, and move the cursor here."""
_HALF_PAIRS: Final = r"\ud800-\udfff"
"""No encoding can write them."""

_ACTING: Final = re.compile(f"[{INVISIBLE}{_BREAKS}{_HALF_PAIRS}\r]")
_ACTING_IN_A_CELL: Final = re.compile(f"[{INVISIBLE}{_BREAKS}{_HALF_PAIRS}\r\n\t]")
_ACTING_IN_JSON: Final = re.compile(f"[{INVISIBLE}{_BREAKS}{_HALF_PAIRS}]")

_SHORT: Final = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def visible(text: str) -> str:
    r"""``text`` of one line or several; controls and invisible characters become ``\x1b``, ``\u202e`` and the like."""
    return _ACTING.sub(_written_out, text)


def visible_cell(text: str) -> str:
    r"""``text`` of one cell of a table: as ``visible``, line feeds and tabs too (``\n``, ``\t``)."""
    return _ACTING_IN_A_CELL.sub(_written_out, text)


def visible_json(text: str) -> str:
    """The same JSON document, with every character that would act written as JSON's own escape."""
    return _ACTING_IN_JSON.sub(_as_json_escape, text)


def _written_out(found: re.Match[str]) -> str:
    character = found[0]
    code = ord(character)
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def _as_json_escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
