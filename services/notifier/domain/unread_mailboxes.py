"""Mailboxes that no letter is written to: our own sender, and those that machines write from and nobody reads.

A complaint can be filed with any address. A letter to our own would come back to us, and one to a bounce address is
answered by a machine, if at all: letters would answer letters.
"""

from __future__ import annotations

import re
from typing import Final

OWN_ADDRESS: Final = "own_address"
ROBOT_ADDRESS: Final = "robot_address"

_NOBODYS: Final = frozenset({"mailerdaemon", "postmaster", "noreply", "donotreply", "bounce", "bounces"})
"""Local parts by RFC 2142, RFC 5321 and custom, without the marks that part their words."""


def reason_not_to_use(address: str, own_address: str) -> str | None:
    """``own_address``, ``robot_address``, or None: write. Both addresses are ``local@domain``."""
    if _mailbox(address) == _mailbox(own_address):
        return OWN_ADDRESS
    local = re.sub(r"[-_.]", "", _mailbox(address).rpartition("@")[0])
    return ROBOT_ADDRESS if local in _NOBODYS else None


def _mailbox(address: str) -> str:
    """Case, a ``+tag`` and a dot at the end of the domain do not make it another."""
    local, _, domain = address.casefold().rpartition("@")
    return f"{local.partition('+')[0]}@{domain.rstrip('.')}"
