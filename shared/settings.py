"""Setting blocks shared by services. Read once at start from ``CBUS_…`` variables; unsafe values refuse to start."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, Self, TypeVar

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from shared.clock import Clock, ScaledClock, SystemClock
from shared.errors import ConfigurationError

_ADDRESS: Final = re.compile(r"(?:[A-Za-z_]+://)?(?:\[[0-9A-Fa-f:.%]+\]|[^\s:/\[\]]+):0*[1-9]\d{0,4}", re.ASCII)


class SettingsBlock(BaseModel):
    """Settings that belong together. A name it does not know is refused: it is a misspelt variable."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class KafkaSettings(SettingsBlock):
    """How to reach Kafka and how long to wait for it."""

    bootstrap_servers: str = Field("127.0.0.1:9092", description="Comma-separated host:port list.")
    acks: Literal["all"] = Field("all", description="Anything else can lose acknowledged complaints; refused.")
    enable_auto_commit: Literal[False] = Field(False, description="Auto-commit loses records on a crash; refused.")
    start_from: Literal["earliest"] = Field(
        "earliest", description="Where a new consumer group starts; 'latest' would skip complaints, and is refused."
    )
    """Read by nothing: readers begin at the start of the log by themselves. Here to refuse a wish for anything else."""
    session_timeout_seconds: float = Field(
        10.0, ge=1, le=60, description="A member silent this long loses its partitions."
    )
    poll_interval_seconds: float = Field(
        300.0, ge=2, le=3600, description="A member that does not ask for records for this long loses its partitions."
    )
    transaction_timeout_seconds: float = Field(
        15.0, ge=1, le=60, description="The broker aborts a transaction left open this long."
    )
    delivery_timeout_seconds: float = Field(
        4.0, ge=0.5, le=60, description="Edges: an unacknowledged record is given up after this."
    )
    missing_patience_seconds: float = Field(
        20.0,
        ge=0,
        le=600,
        description="A topic or right that is missing is asked for again for so long; then the process ends (code 78).",
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_SSL", "SASL_PLAINTEXT"] = Field(
        "PLAINTEXT", description="Kafka security protocol."
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        None, description="How SASL_… protocols log in; both clients of the bus know these."
    )
    sasl_username: str | None = Field(None, min_length=1, description="SASL user.")
    sasl_password: SecretStr | None = Field(None, min_length=1, description="SASL password.")
    ssl_ca_location: str | None = Field(
        None,
        min_length=1,
        description="File (PEM) or directory of the CAs that brokers' certificates are verified with. Unset: the "
        "system's. The certificate must be for the host named in CBUS_KAFKA__BOOTSTRAP_SERVERS.",
    )
    ssl_certificate_location: str | None = Field(
        None, min_length=1, description="File (PEM) of this client's certificate and its chain, for mutual TLS."
    )
    ssl_key_location: str | None = Field(
        None, min_length=1, description="File (PEM) of the private key of that certificate."
    )
    ssl_key_password: SecretStr | None = Field(None, min_length=1, description="What that key is encrypted with.")

    @property
    def uses_tls(self) -> bool:
        """Whether connections are encrypted."""
        return self.security_protocol in ("SSL", "SASL_SSL")

    @property
    def logs_in(self) -> bool:
        """Whether a user and a password are told to the broker."""
        return self.security_protocol in ("SASL_SSL", "SASL_PLAINTEXT")

    @model_validator(mode="after")
    def _settings_agree(self) -> Self:
        """What is missing is never taken for "not needed", and what would not be used is a mistake.

        So nobody believes to be encrypted or known who is not.
        """
        unset, unused = self._contradictions()
        if unset:
            raise ValueError(f"{self.security_protocol} needs {' and '.join(unset)}")
        if unused:
            raise ValueError(
                f"CBUS_KAFKA__SECURITY_PROTOCOL is {self.security_protocol}, which makes no use of "
                f"{' and '.join(unused)}; set the protocol of the brokers' listener, or leave those out"
            )
        return self

    def _contradictions(self) -> tuple[list[str], list[str]]:
        """Variables that are not set and must be, and those that are and must not be."""
        login = ("sasl_mechanism", "sasl_username", "sasl_password")
        client = ("ssl_certificate_location", "ssl_key_location")
        needed = [
            *(login if self.logs_in else ()),
            *(client if self.uses_tls and any(map(self._is_set, (*client, "ssl_key_password"))) else ()),
        ]
        without_use = [
            *(() if self.logs_in else login),
            *(() if self.uses_tls else ("ssl_ca_location", *client, "ssl_key_password")),
        ]
        return (
            [variable_name(("kafka", name)) for name in needed if not self._is_set(name)],
            [variable_name(("kafka", name)) for name in without_use if self._is_set(name)],
        )

    def _is_set(self, name: str) -> bool:
        return getattr(self, name) is not None

    @model_validator(mode="after")
    def _require_an_interval_longer_than_a_session(self) -> KafkaSettings:
        if self.poll_interval_seconds < self.session_timeout_seconds:
            raise ValueError("poll_interval_seconds must not be shorter than session_timeout_seconds; raise it")
        return self


class RedisSettings(SettingsBlock):
    """How to reach Redis or Valkey. A cache: everything stays correct without it."""

    url: str = Field(
        "redis://127.0.0.1:6379/0", repr=False, description="Connection URL; may hold a password, so it is not printed."
    )
    timeout_seconds: float = Field(0.2, gt=0, le=5, description="A slower answer counts as no answer.")


class HealthSettings(SettingsBlock):
    """Where /metrics, /live and /ready are served."""

    host: str = Field("127.0.0.1", description="Bind address; keep it inside the cluster network.")
    port: int = Field(0, ge=0, le=65535, description="Port; 0 chooses a free one and logs it.")


class ClockSettings(SettingsBlock):
    """Clock of the demo; production leaves it alone."""

    speed: float = Field(1.0, gt=0, description="1 = the machine's clock. Anything else is for demonstrations only.")
    origin: AwareDatetime | None = Field(None, description="With speed: the instant at which both clocks agree.")


class ServiceSettings(BaseSettings):
    """What every service needs."""

    model_config = SettingsConfigDict(env_prefix="CBUS_", env_nested_delimiter="__", extra="ignore", frozen=True)

    instance_id: str = Field(
        "0",
        pattern=r"^[A-Za-z0-9._-]{1,40}$",
        description="Stable name of this slot; no two live processes of a service share it.",
    )
    config_dir: Path = Field(
        Path("deploy/config"), description="Directory of taxonomy, departments, rules, policies, calendars, templates."
    )
    state_dir: Path = Field(
        Path("var/state"), description="Directory of the local state files; may be lost at any time."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Lowest level that is logged.")
    kafka: KafkaSettings = Field(default_factory=KafkaSettings, description="Kafka.")
    redis: RedisSettings = Field(default_factory=RedisSettings, description="Redis or Valkey.")
    health: HealthSettings = Field(default_factory=HealthSettings, description="Health and metrics listener.")
    clock: ClockSettings = Field(default_factory=ClockSettings, description="Clock.")

    @model_validator(mode="after")
    def _brokers_have_ports(self) -> Self:
        """A client takes 9092 for a port that is missing, and waits there for a broker that listens elsewhere."""
        entries = [entry.strip() for entry in self.kafka.bootstrap_servers.split(",") if entry.strip()]
        wrong = [str(place) for place, entry in enumerate(entries, start=1) if not _ADDRESS.fullmatch(entry)]
        if wrong or not entries:
            fault = f"entry {', '.join(wrong)} has no port" if wrong else "is empty"
            name = variable_name(("kafka", "bootstrap_servers"))
            raise ValueError(f"{name}: {fault}; write host:port, e.g. kafka.example.com:9092")
        return self

    def make_clock(self) -> Clock:
        """The clock these settings ask for."""
        return make_clock(self.clock.speed, self.clock.origin)


SettingsT = TypeVar("SettingsT", bound=ServiceSettings)


def none_if_blank(value: object) -> object:
    """A variable set to nothing is one that is not set; for a ``field_validator`` in mode ``before``."""
    return None if isinstance(value, str) and not value.strip() else value


def make_clock(speed: float, origin: datetime | None) -> Clock:
    """The machine's clock, or a faster one; a faster one needs an origin all processes share."""
    if speed == 1.0:
        return SystemClock()
    if origin is None:
        raise ConfigurationError(
            "CBUS_CLOCK__SPEED is set without CBUS_CLOCK__ORIGIN; processes would disagree on the time"
        )
    return ScaledClock(speed, origin)


def load_settings(model: type[SettingsT]) -> SettingsT:
    """Read settings from the environment; raise ConfigurationError naming every variable that is wrong."""
    try:
        return model()
    except ValidationError as error:
        raise ConfigurationError("refusing to start: " + "; ".join(settings_problems(error, model))) from None
    except SettingsError as error:  # its cause holds the value, which may be a secret
        raise ConfigurationError(f"refusing to start: {error}; a value for a whole block must be JSON") from None


def settings_problems(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """Each wrong variable of ``model`` with what is wrong with it, as a sentence; never with its value."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    return [_in_words(problem["loc"], problem["type"], problem["msg"], model) for problem in found]


def _in_words(path: tuple[int | str, ...], kind: str, message: str, model: type[BaseModel]) -> str:
    reason = message.removeprefix("Value error, ")
    if not path:
        return reason
    name = variable_name(path)
    if kind != "extra_forbidden":
        return f"{name}: {reason}"
    near = _nearest(name, variables_of(model))
    guess = "the known ones stand in" if near is None else f"did you mean {near}? See"
    return f"{name}: there is no such setting; {guess} docs/settings.md"


def _nearest(misspelt: str, known: Iterable[str]) -> str | None:
    """The variable of the same block that was meant; None: nothing is like it. The block itself is right."""
    block = misspelt.rpartition("__")[0] + "__"
    rests = [name.removeprefix(block) for name in known if name.startswith(block)]
    near = difflib.get_close_matches(misspelt.removeprefix(block), rests, n=1)
    return block + near[0] if near else None


def variables_of(model: type[BaseModel], path: tuple[str, ...] = ()) -> list[str]:
    """The variable of every setting of ``model``, those of its blocks included."""
    names: list[str] = []
    for name, field in model.model_fields.items():
        block: Any = field.annotation
        is_block = isinstance(block, type) and issubclass(block, BaseModel)
        names += variables_of(block, (*path, name)) if is_block else [variable_name((*path, name))]
    return names


def variable_name(path: Iterable[int | str]) -> str:
    """The variable that sets the field at ``path``: ``("kafka", "acks")`` is ``CBUS_KAFKA__ACKS``."""
    return "CBUS_" + "__".join(str(part) for part in path).upper()
