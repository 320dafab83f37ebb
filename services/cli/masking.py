"""Personal data as an operator may see it: enough to recognise, too little to know. 张三 → 张*, 138****0000.

Masking is what the display form of PIPL art. 51 ("de-identification") and common practice ask for: first character of
a name, first three and last four digits of a number, first character and domain of an address, length of a text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def mask_name(name: str) -> str:
    """First character, then one star per further character, three at most."""
    return name[:1] + "*" * min(3, max(1, len(name) - 1))


def mask_number(number: str) -> str:
    """First three and last four characters; short numbers keep the first only."""
    if len(number) < 8:
        return number[:1] + "*" * 3
    return f"{number[:3]}****{number[-4:]}"


def mask_address(address: str) -> str:
    """First character of the local part, and the domain."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}***{at}{domain}" if at else mask_number(address)


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
            masked[field] = dict.fromkeys(map(str, value), "***")
        else:
            masked[field] = "***"
    return masked


def mask_narrative(narrative: Mapping[str, Any] | str) -> dict[str, object]:
    """The ``narrative`` part of a complaint: lengths only."""
    parts = {"text": narrative} if isinstance(narrative, str) else narrative
    return {field: mask_text(value) if isinstance(value, str) else "***" for field, value in parts.items() if value}


_MASKS = {"name": mask_name, "phone": mask_number, "email": mask_address}
