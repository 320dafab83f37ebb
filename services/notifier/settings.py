"""Settings of the notifier, read once at start from ``CBUS_…`` variables."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from services.notifier.adapters.mail_message import mail_address
from shared.streaming.engine_settings import ProcessorSettings

DEVELOPMENT_SECRET = "development only, not a secret"  # noqa: S105 - refused unless CBUS_DEVELOPMENT is set


def _none_if_blank(value: object) -> object:
    """A variable set to nothing is one that is not set."""
    return None if isinstance(value, str) and not value.strip() else value


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

    _empty_is_not_given = field_validator("reply_to", mode="before")(_none_if_blank)

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


class SenderSettings(BaseModel):
    """How the sender works through its requests."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lanes: int = Field(4, ge=1, le=32, description="Connections to the relay; a complaint always uses the same one.")
    retry_after_seconds: tuple[Annotated[float, Field(gt=0, le=604_800)], ...] = Field(
        (5, 60, 600, 3600),
        description="Waits between attempts after a transient refusal, a JSON list; then the message has failed.",
    )
    reconnect_after_seconds: float = Field(
        5.0, gt=0, le=60, description="First wait when the relay cannot be reached; doubles up to a minute."
    )
    max_pending: int = Field(500, ge=1, le=100_000, description="Unfinished requests at which reading pauses.")
    max_span: int = Field(
        5_000,
        ge=1,
        le=1_000_000,
        description="Records of one partition beyond its oldest unfinished request at which that partition pauses.",
    )
    drain_seconds: float = Field(
        10.0, ge=0, le=600, description="On a stop or rebalance, messages being handed over are waited for this long."
    )


class RecipientSettings(BaseModel):
    """How many letters one address gets."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    per_hour: int = Field(
        6,
        ge=1,
        le=100_000,
        description="Most acknowledgements and notices of reopening to one address in an hour; more are withheld. "
        "Results, rejections, corrections and refusals always go out.",
    )
    per_day: int = Field(20, ge=1, le=100_000, description="The same in a day.")


class NotifierSettings(ProcessorSettings):
    """Everything the notifier needs."""

    smtp: SmtpSettings = Field(default_factory=SmtpSettings, description="The mail relay.")
    sender: SenderSettings = Field(default_factory=SenderSettings, description="The sender.")
    recipient: RecipientSettings = Field(
        default_factory=RecipientSettings, description="Limits of letters to one address."
    )
    query_code_secret: SecretStr = Field(
        SecretStr(DEVELOPMENT_SECRET),
        min_length=16,
        description="Makes query codes; the same as intake's and the portal's.",
    )
    development: bool = Field(False, description="Allows the built-in secret. Never true where real people complain.")
    department_language: Literal["zh-CN", "en"] = Field("zh-CN", description="Language of notices to departments.")
    hold_breaches_seconds: float = Field(
        900.0, ge=0, le=86_400, description="How long a breach notice waits for the dispatch that names a department."
    )
    keep_addresses_days: float = Field(
        400.0, gt=0, le=3650, description="How long after a case ended name and address are kept, for a reopening."
    )
    time_zone: str = Field("Asia/Shanghai", description="IANA zone in which letters tell the time.")
    organisation_zh: str = Field("示例企业", max_length=100, description="Name of the enterprise in Chinese letters.")
    organisation_en: str = Field("Example Enterprise", max_length=100, description="Its name in English letters.")
    contact: str | None = Field(
        None, max_length=200, description="Telephone or site printed in letters. Empty: letters name none."
    )
    status_url: str | None = Field(
        None,
        max_length=300,
        description="Page where a complainant can follow a case. Empty: no letter says that it can be followed.",
    )
    message_url: str | None = Field(
        None,
        max_length=300,
        description="Page of the enterprise, in front of intake's message routes, where a complainant with the query "
        "code adds material, urges, withdraws or says that nothing is solved; {complaint_id} and {ticket_number} in "
        "it are filled in. Empty: letters name none.",
    )

    _empty_is_not_given = field_validator("contact", "status_url", "message_url", mode="before")(_none_if_blank)

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"{value!r} is not an IANA time zone")
        return value

    @field_validator("organisation_zh", "organisation_en")
    @classmethod
    def _fits_a_subject(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("must not contain control characters")
        return value

    @model_validator(mode="after")
    def _has_a_secret(self) -> Self:
        if self.query_code_secret.get_secret_value() == DEVELOPMENT_SECRET and not self.development:
            raise ValueError(
                "CBUS_QUERY_CODE_SECRET is not set: anyone could compute query codes; set it to intake's value, at "
                "least 16 characters (CBUS_DEVELOPMENT=true allows the built-in one on a developer's machine)"
            )
        return self

    @property
    def retry_after(self) -> tuple[timedelta, ...]:
        """Waits between attempts."""
        return tuple(timedelta(seconds=seconds) for seconds in self.sender.retry_after_seconds)

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which letters tell the time."""
        return ZoneInfo(self.time_zone)
