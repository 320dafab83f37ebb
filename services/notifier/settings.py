"""Settings of the notifier, read once at start from ``CBUS_…`` variables."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from services.notifier.media.mail.settings import SmtpSettings
from shared.settings import none_if_blank
from shared.streaming.engine_settings import ProcessorSettings

DEVELOPMENT_SECRET = "development only, not a secret"  # noqa: S105 - refused unless CBUS_DEVELOPMENT is set


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

    _empty_is_not_given = field_validator("contact", "status_url", "message_url", mode="before")(none_if_blank)

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
