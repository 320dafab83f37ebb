"""Mailboxes that no letter is written to: our own sender, and those that machines write from and nobody reads.

A complaint can be filed with any address. A letter to our own would come back to us, and one to a bounce address is
answered by a machine, if at all: letters would answer letters.
"""

from __future__ import annotations

import re
from typing import Final

from services.notifier.media.mail.addresses import mailbox_of

OWN_ADDRESS: Final = "own_address"
ROBOT_ADDRESS: Final = "robot_address"

_NOBODYS: Final = frozenset({"mailerdaemon", "postmaster", "noreply", "donotreply", "bounce", "bounces"})
"""Local parts by RFC 2142, RFC 5321 and custom, without the marks that part their words."""


def reason_not_to_use(address: str, own_address: str) -> str | None:
    """``own_address``, ``robot_address``, or None: write. Both addresses are ``local@domain``."""
    if mailbox_of(address) == mailbox_of(own_address):
        return OWN_ADDRESS
    local = re.sub(r"[-_.]", "", mailbox_of(address).rpartition("@")[0])
    return ROBOT_ADDRESS if local in _NOBODYS else None
