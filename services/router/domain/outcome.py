"""What one input does to a case, in the domain's own words; the processor turns it into records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from services.router.domain.case import Case
from services.router.domain.refusals import Reason
from shared.events.base import Event


class Output(NamedTuple):
    """One event to be written, where, and under which id."""

    topic: str
    event: Event
    event_id: str


class Outcome(NamedTuple):
    """The case afterwards and what to write about it; or a refusal, which changes and writes nothing."""

    case: Case | None
    outputs: Sequence[Output] = ()
    refusal: Reason | None = None
