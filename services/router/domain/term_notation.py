"""How terms are written in configuration: ``refund(|s|ed)`` stands for refund, refunds and refunded.

Brackets hold alternatives, an alternative may be empty, several groups multiply, groups do not nest. What a file says is
what is looked for; there is no stemming behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import product
from typing import Final

_GROUP: Final = re.compile(r"\(([^()]*)\)")
_MOST_FORMS: Final = 200


def expand(notation: str) -> tuple[str, ...]:
    """All forms of one notation, lower case, single spaces. Raises ValueError naming the notation."""
    pieces = _GROUP.split(notation.lower())
    if any(bracket in piece for piece in pieces for bracket in "()"):
        raise ValueError(f"{notation!r}: brackets must be balanced and not nested")
    choices = [piece.split("|") if index % 2 else [piece] for index, piece in enumerate(pieces)]
    forms = dict.fromkeys(" ".join("".join(parts).split()) for parts in product(*choices))
    if "" in forms or len(forms) > _MOST_FORMS:
        raise ValueError(f"{notation!r}: must stand for 1 to {_MOST_FORMS} terms, none of them empty")
    return tuple(forms)


def expand_all(notations: Iterable[str]) -> tuple[str, ...]:
    """All forms of several notations in order, each once."""
    return tuple(dict.fromkeys(form for notation in notations for form in expand(notation)))
