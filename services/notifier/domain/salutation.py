"""Whether a name given by a stranger may stand in a salutation.

A complaint can be filed with someone else's address; a "name" such as ``win money at www…`` would make the
acknowledgement an advertisement sent in the enterprise's name. So only what looks like a name is used.
"""

from __future__ import annotations

import unicodedata

MAX_NAME_CHARACTERS = 40
_NAME_PUNCTUATION = frozenset(" ·•・.'’-")


def salutation_name(name: str | None) -> str | None:
    """``name`` with its spaces tidied if it looks like a person's name, else None: then nobody is named."""
    if name is None or any(unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") for character in name):
        return None
    tidy = " ".join(name.split())
    if not 0 < len(tidy) <= MAX_NAME_CHARACTERS or _looks_like_an_address(tidy):
        return None
    return tidy if all(map(_belongs_in_a_name, tidy)) else None


def _belongs_in_a_name(character: str) -> bool:
    return character in _NAME_PUNCTUATION or unicodedata.category(character)[0] in "LM"


def _looks_like_an_address(text: str) -> bool:
    """A dot between letters reads as a link in most mail programs: ``example.com``; ``J. Smith`` does not."""
    return any(part and not part.startswith(" ") for part in text.split(".")[1:])
