"""Personal data as an operator may see it: enough to recognise, too little to know. 张三 → 张*, 138****0000.

Masking is what the display form of PIPL art. 51 ("de-identification") and common practice ask for. One rule for
everything: of the letters and digits at most ``MOST_VISIBLE`` are shown, and at least ``LEAST_HIDDEN`` of a number are
not, so a short number shows less. That share is what 138****0000, the customary form, shows of a mobile number.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

from shared.events.complaint import Channel

MOST_VISIBLE: Final = Fraction(7, 11)
LEAST_HIDDEN: Final = 4
_HEAD, _TAIL = 3, 4
_LONGEST_TOP_LEVEL = 10

_MEDIA: Final = frozenset({*Channel, "qq", "telegram", "whatsapp", "line", "微信", "微博", "抖音", "快手", "小红书"})
"""Names of media. Any other one is a text that a stranger wrote, and may be somebody's number."""


def significant(text: str) -> str:
    """The letters and digits of ``text``: separators, marks and invisible characters hide nothing."""
    return "".join(character for character in unicodedata.normalize("NFC", text) if character.isalnum())


def mask_name(name: str) -> str:
    """First character, then one star per further character, three at most; one character alone is not shown."""
    letters = significant(name)
    return letters[:1] + "*" * min(3, len(letters) - 1) if len(letters) > 1 else "*"


def mask_number(number: str) -> str:
    """First three and last four characters at most; of a shorter number fewer, the last ones first."""
    digits = significant(number)
    visible = max(0, min(int(len(digits) * MOST_VISIBLE), len(digits) - LEAST_HIDDEN, _HEAD + _TAIL))
    tail = min(_TAIL, visible)
    sign = "+" if number.strip().startswith("+") else ""
    head = min(_HEAD - len(sign), visible - tail)
    return f"{sign}{digits[:head]}****{digits[len(digits) - tail :]}"


def mask_address(address: str) -> str:
    """First character of the local part and of the domain, and the top-level domain, which names nobody."""
    local, at, domain = address.rpartition("@")
    if not at:
        return mask_number(address)
    host, dot, top_level = domain.rpartition(".")
    if not dot or not top_level.isalpha() or len(top_level) > _LONGEST_TOP_LEVEL:
        host, dot, top_level = domain, "", ""
    return f"{_begun(local)}@{_begun(host)}{dot}{top_level}"


def _begun(part: str) -> str:
    letters = significant(part)
    return f"{letters[:1] if len(letters) > 1 else ''}***"


def mask_text(text: str) -> str:
    """Only how long it is."""
    return f"({len(text)} characters)"


def mask_complainant(complainant: Mapping[str, Any]) -> dict[str, object]:
    """The ``complainant`` part of a complaint, masked; fields this version does not know are only named.

    What is empty or not the case is left out.
    """
    masked: dict[str, object] = {}
    for field, value in complainant.items():
        if not value:
            continue
        if value is True:
            masked[field] = value
        elif isinstance(value, str) and field in _MASKS:
            masked[field] = _MASKS[field](value)
        elif isinstance(value, Mapping):
            masked[field] = _mask_handles(value)
        else:
            masked[field] = "***"
    return masked


def mask_narrative(narrative: Mapping[str, Any] | str) -> dict[str, object]:
    """The ``narrative`` part of a complaint: lengths only."""
    parts = {"text": narrative} if isinstance(narrative, str) else narrative
    return {field: mask_text(value) if isinstance(value, str) else "***" for field, value in parts.items() if value}


def _mask_handles(handles: Mapping[str, Any]) -> dict[str, str]:
    """Which media, where they are named as expected; whoever mixes up the columns puts the handle itself there."""
    return {medium if medium in _MEDIA else "***": "***" for medium in map(str, handles)}


_MASKS = {"name": mask_name, "phone": mask_number, "email": mask_address}
