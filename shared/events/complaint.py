"""The complaint as taken in. Personal data lives only in ``complainant`` and ``narrative``."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field

from shared.events.base import Contract, UtcDatetime
from shared.events.currency import known_currency


class Channel(StrEnum):
    """Where a complaint can come in. Readers tolerate values added later."""

    HOTLINE = "hotline"
    WEB = "web"
    MAIL = "mail"
    WECHAT = "wechat"
    WEIBO = "weibo"
    SHOP = "shop"
    PLATFORM = "platform"
    REGULATOR = "regulator"
    FILE = "file"


class Complainant(Contract):
    """The person who complains. One of the two places where personal data may be."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str | None = Field(None, max_length=200, description="Name as given; absent when anonymous.")
    phone: str | None = Field(None, max_length=40, description="Telephone number as given.")
    email: str | None = Field(None, max_length=254, description="E-mail address for acknowledgement and result.")
    handles: dict[str, str] = Field(
        default_factory=dict, description="Other addresses by medium, e.g. wechat open id, weibo uid."
    )
    anonymous: bool = Field(
        False, description="True when the complainant asked not to be known; no contact clocks run."
    )
    minor: bool = Field(False, description="True when the complainant is under age; the guardian is contacted.")


class Narrative(Contract):
    """What happened, in the complainant's words. The other place where personal data may be."""

    model_config = ConfigDict(frozen=True, extra="allow")

    text: str = Field(min_length=1, max_length=20_000, description="The complaint in the complainant's own words.")
    subject: str | None = Field(None, max_length=300, description="Subject line or title, where the channel has one.")
    persons_involved: tuple[str, ...] = Field((), max_length=20, description="Names of staff or others involved.")


class ProductReference(Contract):
    """The product or service complained about."""

    name: str | None = Field(None, max_length=200, description="Product or service name.")
    model: str | None = Field(None, max_length=100, description="Model or variant.")
    batch: str | None = Field(None, max_length=100, description="Production batch, for mass-incident detection.")


class Money(Contract):
    """An amount in dispute."""

    value: Decimal = Field(ge=0, max_digits=15, decimal_places=4, description="Amount, as a decimal string.")
    currency: Annotated[str, BeforeValidator(known_currency)] = Field(
        "CNY", pattern=r"^[A-Z]{3}$", description="ISO 4217 code."
    )


class Attachment(Contract):
    """An attachment's metadata; the bytes stay in object storage."""

    attachment_id: str = Field(max_length=100, description="Identifier in the attachment store, made by the server.")
    media_type: str = Field(max_length=100, description="MIME type found by looking at the content.")
    size_bytes: int = Field(ge=0, description="Size in bytes.")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the bytes, hex.")


class Consent(Contract):
    """What the complainant agreed to."""

    contact: bool = Field(True, description="May be contacted about this complaint.")
    share_with_merchant: bool = Field(True, description="Details may be passed to the merchant or store concerned.")
    recording: bool = Field(False, description="Agreed to the recording of calls.")


class Complaint(Contract):
    """One complaint, the same in every topic that carries it. Unknown fields are kept and passed on."""

    model_config = ConfigDict(frozen=True, extra="allow")

    complaint_id: str = Field(
        description="UUIDv5 of channel and the sender's own id: the same submission, the same id."
    )
    ticket_number: str = Field(description="The number people read aloud: date, id in base 32, check character.")
    channel: str = Field(description="One of Channel; readers tolerate values added later.")
    channel_message_id: str = Field(max_length=300, description="The sender's own id for this submission.")
    content_digest: str = Field(description="SHA-256 of what was submitted; tells a retry from a key used twice.")
    received_at: UtcDatetime = Field(description="Receipt at the enterprise's edge; legal clocks start here.")
    occurred_at: UtcDatetime | None = Field(None, description="When the matter complained about happened.")
    ingested_at: UtcDatetime = Field(description="When Complaint Bus took it in.")
    complainant: Complainant = Field(description="Who complains. Personal data.")
    narrative: Narrative = Field(description="What happened. Personal data.")
    product: ProductReference | None = Field(None, description="Product or service concerned.")
    order_reference: str | None = Field(None, max_length=100, description="Order or contract number.")
    merchant_reference: str | None = Field(None, max_length=200, description="Merchant concerned, on a platform.")
    store_reference: str | None = Field(None, max_length=200, description="Store or outlet concerned.")
    amount: Money | None = Field(None, description="Amount in dispute.")
    place: str | None = Field(
        None, max_length=200, description="City or outlet where it happened; never a home address."
    )
    desired_remedy: str | None = Field(None, max_length=500, description="What the complainant asks for.")
    declared_category: str | None = Field(
        None, max_length=60, description="Category chosen by the complainant or the channel; a hint, not the decision."
    )
    attachments: tuple[Attachment, ...] = Field((), max_length=50, description="Metadata of attachments.")
    language: str = Field("zh-CN", max_length=35, description="BCP 47 tag of the language to answer in.")
    consent: Consent = Field(default_factory=Consent, description="What the complainant agreed to.")
    earlier_ticket: str | None = Field(
        None, max_length=40, description="Ticket number of an earlier complaint, if named."
    )
    regulator_respond_by: UtcDatetime | None = Field(None, description="Deadline printed by the regulator, if any.")


def accept_plain_narrative(data: Any) -> Any:
    """Let a plain string stand for ``{"text": …}`` in ``narrative``; anything else is returned as it is."""
    if isinstance(data, dict) and isinstance(data.get("narrative"), str):
        return data | {"narrative": {"text": data["narrative"]}}
    return data
