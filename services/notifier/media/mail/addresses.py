"""Mail addresses: which may stand in a command and a header, and which are the same mailbox."""

from __future__ import annotations

import re
from typing import Final

from email_validator import EmailNotValidError, validate_email

CONTROL_CHARACTERS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def mail_address(text: str) -> str | None:
    """``text`` as an ASCII ``local@domain`` that may stand in a command and a header; None: it is not one.

    Internal domains are allowed; addresses that need SMTPUTF8 are not, since not every relay carries them.
    """
    if CONTROL_CHARACTERS.search(text):
        return None
    try:
        found = validate_email(
            text.strip(),
            check_deliverability=False,
            allow_smtputf8=False,
            globally_deliverable=False,
            strict=True,
        )
    except EmailNotValidError:
        return None
    return found.ascii_email


def mailbox_of(address: str) -> str:
    """The mailbox a ``local@domain`` leads to: case, a ``+tag`` and a dot after the domain do not make another."""
    local, _, domain = address.strip().casefold().rpartition("@")
    return f"{local.partition('+')[0]}@{domain.rstrip('.')}"
