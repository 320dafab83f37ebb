"""An e-mail address as people write it into a form, and the address they plainly mean.

Only what can mean one address alone is put right. Anything else stays as it was given: a complaint is not lost for a
bad address, nobody's address is guessed, and the notifier says of one it cannot write to that it failed.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_FULL_WIDTH: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_MAILTO: Final = re.compile("mailto:", re.IGNORECASE)
_NAMED: Final = re.compile(r"[^<>@]*<([^<>]*)>")
"""A name before the address, as mail programs copy it; with a second @ it could be another address."""
_ONE_ADDRESS: Final = re.compile(r"""[^\s<>@,;:"?()\x00-\x1f\x7f-\x9f]+@[^\s<>@,;:"?()\x00-\x1f\x7f-\x9f]+""")


def meant_address(given: str) -> str:
    """The address that ``given`` can only mean: without spaces around it, invisible characters, a name or ``mailto:``.

    ``given`` itself where it is not plainly one address.
    """
    seen = "".join(character for character in given if unicodedata.category(character) != "Cf")
    plain = seen.translate(_FULL_WIDTH).strip()
    named = _NAMED.fullmatch(plain)
    bare = _MAILTO.sub("", (named[1] if named else plain).strip(), count=1)
    return bare if _ONE_ADDRESS.fullmatch(bare) else given
