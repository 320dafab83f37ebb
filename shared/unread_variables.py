"""Variables of the environment that look like a setting and are none: said, never refused.

Other services' settings and other tools' variables share the environment, so only what is like a setting of this one is
named. A name that a block does not know is not among them: the block refuses it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Final

from pydantic_settings import BaseSettings

from shared.settings import variables_of

PREFIX: Final = "CBUS_"
_ALIKE: Final = 0.9
"""Share of the letters; CBUS_SMTP__PORT and CBUS_HTTP__PORT, settings of two services, are less alike."""


def unread_variables(environment: Iterable[str], model: type[BaseSettings]) -> dict[str, str]:
    """Each name in ``environment`` that ``model`` does not read and that is like one it reads: to the one meant."""
    known = variables_of(model)
    blocks = tuple({name.partition("__")[0] + "__" for name in known if "__" in name})
    names = [name for name in sorted(environment) if name.upper().startswith(PREFIX)]
    odd = [name for name in names if not _is_read(name.upper(), known, blocks)]
    return {name: meant for name in odd if (meant := _meant(name.upper(), known)) is not None}


def told(name: str, meant: str) -> str:
    """The sentence for one of them."""
    return f"{name} is set and read by nothing; did you mean {meant}? See docs/settings.md"


def _is_read(name: str, known: Sequence[str], blocks: tuple[str, ...]) -> bool:
    return name in known or f"{name}__" in blocks or name.startswith(blocks)


def _meant(name: str, known: Sequence[str]) -> str | None:
    letters = _letters(name)
    same = next((each for each in known if _letters(each) == letters), None)
    return same or next(iter(difflib.get_close_matches(name, known, n=1, cutoff=_ALIKE)), None)


def _letters(name: str) -> str:
    """What is left when the marks between words are taken for a matter of taste."""
    return name.replace("_", "").replace("-", "").replace(".", "")
