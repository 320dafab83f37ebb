"""How terms are written in configuration: ``refund(|s|ed)`` stands for refund, refunds and refunded.

Brackets hold alternatives, an alternative may be empty, several groups multiply, groups may nest. What a file says is
what is looked for; there is no stemming behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

_INNERMOST_GROUP: Final = re.compile(r"\(([^()]*)\)")
_MOST_FORMS: Final = 500


def expand(notation: str) -> tuple[str, ...]:
    """All forms of one notation, lower case, single spaces. Raises ValueError naming the notation."""
    written_out = islice(_alternatives(notation.lower()), _MOST_FORMS + 1)
    forms = dict.fromkeys(" ".join(form.split()) for form in written_out)
    if any(bracket in form for form in forms for bracket in "()"):
        raise ValueError(f"{notation!r}: brackets are not balanced")
    if "" in forms or len(forms) > _MOST_FORMS:
        raise ValueError(f"{notation!r}: must stand for 1 to {_MOST_FORMS} terms, none of them empty")
    return tuple(forms)


def expand_all(notations: Iterable[str]) -> tuple[str, ...]:
    """All forms of several notations in order, each once."""
    return tuple(dict.fromkeys(form for notation in notations for form in expand(notation)))


def _alternatives(text: str) -> Iterator[str]:
    group = _INNERMOST_GROUP.search(text)
    if group is None:
        yield text
        return
    for choice in group[1].split("|"):
        yield from _alternatives(text[: group.start()] + choice + text[group.end() :])
