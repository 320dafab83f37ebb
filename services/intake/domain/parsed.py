"""What a channel can make of what reached it: one of four things, whatever the format was.

A channel reads bytes and decides nothing else; the doors take these values and make them durable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from pydantic import BaseModel

from services.intake.domain.refusal import DoorRefusal
from services.intake.domain.submission import Submission


@dataclass(frozen=True, slots=True)
class Submitted:
    """A complaint. ``own_id``: its sender's id for it outside of the fields (an ``Idempotency-Key``), if any.

    ``digest`` is the SHA-256 of the content in one written form, by which the same thing sent again is known.
    """

    submission: Submission
    own_id: str | None
    digest: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What somebody says about a complaint that exists; ``kind`` is a key of ``MESSAGE_KINDS``, ``body`` of its type.

    ``own_id`` and ``digest`` as of ``Submitted``. Whether the sender may speak for the case is shown by a proof.
    """

    kind: str
    body: BaseModel
    own_id: str | None
    digest: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing to take in; ``reason`` is a code, e.g. of an answering machine's mail."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """No complaint can be made of it, and why."""

    refusal: DoorRefusal


Parsed: TypeAlias = Submitted | Reply | Ignored | Unreadable
