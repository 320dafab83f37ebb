"""What every contract model has in common: frozen, tolerant of fields from newer writers, UTC times."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, ClassVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict


def _to_utc(value: datetime) -> datetime:
    if value.tzinfo is UTC:
        return value
    try:
        return value.astimezone(UTC)
    except OverflowError:  # pydantic turns only ValueError into a validation error; a writer can send anything
        raise ValueError("lies outside the years 1 to 9999 in UTC") from None


UtcDatetime = Annotated[AwareDatetime, AfterValidator(_to_utc)]
"""An instant; any offset is accepted, UTC is kept and written."""


class Contract(BaseModel):
    """A part of a record value. Readers ignore unknown fields, so writers may add optional ones (design, Contracts)."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Contract):
    """The value of one record. ``event_type`` is its CloudEvents ``ce_type``, major version included."""

    event_type: ClassVar[str]
    from_outside: ClassVar[bool] = False
    """True for what others than the bus write: it is read as strictly as at the door, every name once."""
