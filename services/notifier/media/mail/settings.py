"""Settings of mail: the relay, and in whose name mail is sent. They are ``CBUS_SMTP__…`` of the notifier."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from services.notifier.media.mail.addresses import mail_address
from shared.settings import none_if_blank


class SmtpSettings(BaseModel):
    """The mail relay, and in whose name mail is sent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field("127.0.0.1", description="Relay to hand messages to.")
    port: int = Field(25, ge=1, le=65535, description="Its port.")
    security: Literal["none", "starttls", "tls"] = Field(
        "none", description="none: plain; starttls: upgrade or refuse to send; tls: encrypted from the first byte."
    )
    username: str | None = Field(None, description="Account at the relay; none: no authentication.")
    password: SecretStr | None = Field(None, description="Its password.")
    timeout_seconds: float = Field(30.0, gt=0, le=300, description="Longest wait for a connection or a reply.")
    final_reply_seconds: float = Field(
        600.0,
        gt=0,
        le=1800,
        description="Longest wait for the reply after the message; shorter waits make repeats (RFC 5321 §4.5.3.2.6).",
    )
    idle_seconds: float = Field(30.0, ge=0, le=300, description="An unused connection is closed after this.")
    from_address: str = Field("noreply@example.com", description="Address in From, and the envelope sender.")
    from_name: str = Field("Complaint Bus", max_length=100, description="Name in From.")
    reply_to: str | None = Field(
        None,
        description="Mailbox that people read: answers to letters go there, and letters ask for them. Complaint Bus "
        "reads no mailbox itself. Empty: no letter asks for a reply.",
    )
    message_id_domain: str = Field(
        "notifier.example.com",
        pattern=r"^[A-Za-z0-9.-]{1,200}$",
        description="Right-hand side of Message-IDs, and EHLO name.",
    )

    _empty_is_not_given = field_validator("reply_to", mode="before")(none_if_blank)

    @field_validator("from_address", "reply_to")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        address = mail_address(value)
        if address is None:
            raise ValueError("is not an e-mail address")
        return address

    @field_validator("from_name")
    @classmethod
    def _fits_a_header(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("must not contain control characters")
        return value

    @model_validator(mode="after")
    def _encrypts_passwords(self) -> Self:
        if (self.username is None) is not (self.password is None):
            raise ValueError("username and password belong together")
        if self.username is not None and self.security == "none":
            raise ValueError("a password is sent over an encrypted connection only: set security to starttls or tls")
        return self
