"""By which medium somebody is told: the one place that weighs media against one another."""

from __future__ import annotations

from typing import Final

from shared.events.complaint import Complainant
from shared.events.notifications import Medium

NAMED_WHEN_UNTOLD: Final = Medium.EMAIL
"""Named in the outcome of a message that nobody gets, since an outcome always names a medium."""


def medium_for_complainant(complainant: Complainant | None) -> Medium | None:
    """How to reach a complainant; None: by no medium, since no address is known."""
    return Medium.EMAIL if complainant is not None and complainant.email else None


def medium_for_department() -> Medium:
    """How departments are told. Whether the one concerned has an address is found out when the message is prepared."""
    return Medium.EMAIL
