"""What a client may say when it submits a complaint, and nothing else (OWASP API3: no mass assignment).

Lengths and meanings are those of ``shared.events.complaint.Complaint``; a test keeps the two in step. Unknown fields
are refused here, so a misspelt name is told to the sender instead of being lost; readers of the topic stay tolerant.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from services.intake.domain.given import BlankIsAbsent, require_visible
from services.intake.domain.given_address import meant_address
from shared.date_range import EARLIEST_DAY, LATEST_DAY, is_in_range
from shared.events.base import UtcDatetime
from shared.events.complaint import (
    Attachment,
    Channel,
    Complainant,
    Consent,
    Money,
    Narrative,
    ProductReference,
    accept_plain_narrative,
)
from shared.events.currency import currency_code
from shared.invisible import is_blank

_STRICT = ConfigDict(frozen=True, extra="forbid")
_RFC_3339 = re.compile(r"(19|20|21)\d\d-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII)


_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*")
"""BCP 47 as far as its form goes, the underscore of locales allowed. A name such as ``English`` or ``中文`` is none."""


def _rfc_3339(value: object) -> object:
    """Let only an instant with an offset through; pydantic alone would read ``20240101`` as a second of 1970."""
    if isinstance(value, str) and _RFC_3339.fullmatch(value):
        return value
    raise PydanticCustomError("instant", "not an instant with an offset")


def _in_range(at: datetime) -> datetime:
    """Nothing is taken in that no clock could count from."""
    if is_in_range(at):
        return at
    limits = {"earliest": str(EARLIEST_DAY), "latest": str(LATEST_DAY)}
    raise PydanticCustomError("out_of_range", "not from {earliest} to {latest} (UTC)", limits)


Instant = Annotated[UtcDatetime, BeforeValidator(_rfc_3339), AfterValidator(_in_range)]
"""RFC 3339 with an offset, e.g. ``2024-05-01T09:30:00+08:00``, on a date that clocks answer for (``date_range``)."""


MessageId = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(require_visible)]
"""Blank is refused and not left out: every submission with it would be one and the same complaint."""

PersonsName = Annotated[str, Field(max_length=200)]
"""As long as a complainant's own name may be: nine narratives in one state row must fit into one Kafka record."""


class SubmittedComplainant(BlankIsAbsent, Complainant):
    """The person who complains, as given."""

    model_config = _STRICT

    @field_validator("email")
    @classmethod
    def _as_it_was_meant(cls, email: str | None) -> str | None:
        return email if email is None else meant_address(email)

    @field_validator("handles")
    @classmethod
    def _only_given(cls, handles: dict[str, str]) -> dict[str, str]:
        return {medium: handle for medium, handle in handles.items() if not is_blank(medium) and not is_blank(handle)}


class SubmittedNarrative(BlankIsAbsent, Narrative):
    """What happened, as given; at least one visible character.

    The contract lets a person's name be of any length, and must go on doing so for what is on the log already.
    """

    model_config = _STRICT

    persons_involved: tuple[PersonsName, ...] = Field(
        (), max_length=20, description="Names of staff or others involved."
    )

    @field_validator("text")
    @classmethod
    def _says_something(cls, text: str) -> str:
        return require_visible(text)

    @field_validator("persons_involved")
    @classmethod
    def _only_given(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in names if not is_blank(name))


class SubmittedProduct(BlankIsAbsent, ProductReference):
    """The product or service complained about."""

    model_config = _STRICT


class SubmittedMoney(BlankIsAbsent, Money):
    """An amount in dispute, in a currency that exists."""

    model_config = _STRICT

    @field_validator("currency", mode="before")
    @classmethod
    def _is_a_currency(cls, name: object) -> object:
        code = currency_code(name) if isinstance(name, str) else None
        if isinstance(name, str) and code is None:
            raise PydanticCustomError("currency", "not a currency of ISO 4217")
        return code or name


class SubmittedAttachment(Attachment):
    """Metadata of an attachment already in the store."""

    model_config = _STRICT

    @field_validator("attachment_id", "media_type")
    @classmethod
    def _says_something(cls, text: str) -> str:
        return require_visible(text)


class SubmittedConsent(Consent):
    """What the complainant agreed to."""

    model_config = _STRICT


class Submission(BlankIsAbsent):
    """The body of ``POST /v1/complaints``: the fields of a complaint that its sender may set."""

    model_config = _STRICT

    channel: Channel = Field(Channel.WEB, description="Where the complaint came in.")
    channel_message_id: MessageId | None = Field(
        None,
        description="The sender's own id for this submission. The header Idempotency-Key wins where both are given; "
        "one of them is required on every channel but web.",
    )
    received_at: Instant | None = Field(
        None,
        description="Receipt at the enterprise's edge, where that was earlier than now; legal clocks start here. "
        "At most five minutes ahead of our clock.",
    )
    occurred_at: Instant | None = Field(None, description="When the matter complained about happened.")
    complainant: SubmittedComplainant = Field(
        default_factory=SubmittedComplainant, description="Who complains. Personal data."
    )
    narrative: SubmittedNarrative = Field(description="What happened: a text, or an object. Personal data.")
    product: SubmittedProduct | None = Field(None, description="Product or service concerned.")
    order_reference: str | None = Field(None, max_length=100, description="Order or contract number.")
    merchant_reference: str | None = Field(None, max_length=200, description="Merchant concerned, on a platform.")
    store_reference: str | None = Field(None, max_length=200, description="Store or outlet concerned.")
    amount: SubmittedMoney | None = Field(None, description="Amount in dispute.")
    place: str | None = Field(
        None, max_length=200, description="City or outlet where it happened; never a home address."
    )
    desired_remedy: str | None = Field(None, max_length=500, description="What the complainant asks for.")
    declared_category: str | None = Field(
        None, max_length=60, description="Category chosen by the complainant or the channel; a hint, not the decision."
    )
    attachments: tuple[SubmittedAttachment, ...] = Field((), max_length=50, description="Metadata of attachments.")
    language: str = Field("zh-CN", max_length=35, description="BCP 47 tag of the language to answer in.")
    consent: SubmittedConsent = Field(default_factory=SubmittedConsent, description="What the complainant agreed to.")
    earlier_ticket: str | None = Field(
        None, max_length=40, description="Ticket number of an earlier complaint, if named."
    )
    regulator_respond_by: Instant | None = Field(None, description="Deadline printed by the regulator, if any.")

    @model_validator(mode="before")
    @classmethod
    def _narrative_from_text(cls, data: Any) -> Any:
        return accept_plain_narrative(data)

    @field_validator("language")
    @classmethod
    def _is_a_language_tag(cls, tag: str) -> str:
        if _LANGUAGE_TAG.fullmatch(tag) is None:
            raise PydanticCustomError("language_tag", "not a language tag of BCP 47")
        return tag.replace("_", "-")
