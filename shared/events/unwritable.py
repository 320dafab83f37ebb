"""Characters that a text may not hold: one rule for the door and for what departments write.

Nothing of a complainant is refused but what some reader down the line would cut. A department's words go into letters
in the enterprise's name, so there also nothing may act on the reader's screen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from shared.events.field_problem import FieldProblem

LONGEST_NAME: Final = 120
"""Characters of a field's name that are repeated."""

_ACTING: Final = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069]")
"""Controls other than NUL that are no white space, and what turns the direction of a text for all that follows."""


def unwritable(value: object, levels: int, path: str = "") -> Iterator[FieldProblem]:
    """Texts with NUL or half a surrogate pair, names included: some reader down the line would cut or refuse them.

    ``levels``: how deep to look; what is nested deeper was refused before.
    """
    for place, text in _texts(value, levels, path, with_names=True):
        if "\0" in text:
            yield FieldProblem(place, "nul_character")
        if not _is_unicode(text):
            yield FieldProblem(place, "lone_surrogate")


def unprintable(fields: Mapping[str, Any], levels: int) -> Iterator[FieldProblem]:
    """As ``unwritable``, and texts with controls or marks of direction. For fields whose names are the contract's."""
    yield from unwritable(fields, levels)
    for place, text in _texts(fields, levels, "", with_names=False):
        if _ACTING.search(text):
            yield FieldProblem(place, "control_character")


def _texts(value: object, levels: int, path: str, *, with_names: bool) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping) and levels:
        for name, child in value.items():
            child_path = f"{path}.{name[:LONGEST_NAME]}" if path else name[:LONGEST_NAME]
            if with_names:
                yield child_path, name
            yield from _texts(child, levels - 1, child_path, with_names=with_names)
    elif isinstance(value, list | tuple) and levels:
        for index, child in enumerate(value):
            yield from _texts(child, levels - 1, f"{path}.{index}", with_names=with_names)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
