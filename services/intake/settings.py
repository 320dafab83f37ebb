"""Settings of intake, read once at start from ``CBUS_…`` variables."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from shared.settings import ServiceSettings

DEVELOPMENT_SECRET = "development only, not a secret"  # noqa: S105 - refused unless CBUS_DEVELOPMENT is set


class HttpSettings(BaseModel):
    """The door itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field("127.0.0.1", description="Bind address.")
    port: int = Field(8080, ge=0, le=65535, description="Port; 0 chooses a free one and logs it.")
    max_body_bytes: int = Field(
        262_144, ge=1024, le=900_000, description="Largest submission; larger ones get 413. Below Kafka's record limit."
    )
    max_batch_bytes: int = Field(33_554_432, ge=1024, description="Largest batch, all lines together.")
    max_batch_lines: int = Field(10_000, ge=1, description="Most lines in one batch.")
    max_connections: int = Field(
        900, ge=1, description="Most connections at a time; more get 503. Below the usual limit of 1,024 open files."
    )
    max_head_bytes: int = Field(
        32_768, ge=1024, le=1_048_576, description="Largest request head that arrives in pieces; larger ones get 431."
    )
    head_timeout_seconds: float = Field(
        10.0, gt=0, le=300, description="A connection whose request head takes longer to arrive is closed with 408."
    )
    body_timeout_seconds: float = Field(
        20.0, gt=0, le=300, description="A submission that takes longer to arrive gets 408; a batch has ten times this."
    )
    batch_concurrency: int = Field(200, ge=1, le=2000, description="Lines of one batch that are in work at a time.")
    max_in_flight: int = Field(
        5000, ge=1, le=100_000, description="Submissions waiting for Kafka at a time; more are shed with 503."
    )
    shutdown_seconds: float = Field(
        8.0, gt=0, le=120, description="On SIGTERM, requests in work are given this long to finish."
    )


class IntakeSettings(ServiceSettings):
    """Everything intake needs."""

    http: HttpSettings = Field(default_factory=HttpSettings, description="The HTTP door.")
    query_code_secret: SecretStr = Field(
        SecretStr(DEVELOPMENT_SECRET),
        min_length=16,
        description="Makes query codes; the same for all of intake and portal, never changed on a live bus.",
    )
    development: bool = Field(False, description="Allows the built-in secret. Never true where real people complain.")
    idempotency_days: float = Field(
        7.0,
        gt=0,
        le=90,
        description="How long Redis, and this door's own reading of the log, remember what is durable already.",
    )

    @model_validator(mode="after")
    def _has_a_secret(self) -> Self:
        if self.query_code_secret.get_secret_value() == DEVELOPMENT_SECRET and not self.development:
            raise ValueError(
                "CBUS_QUERY_CODE_SECRET is not set: anyone could compute query codes; set it to a random text of at "
                "least 16 characters (CBUS_DEVELOPMENT=true allows the built-in one on a developer's machine)"
            )
        return self
