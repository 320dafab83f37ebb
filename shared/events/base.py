"""What every contract model has in common: frozen, tolerant of fields from newer writers, UTC times."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, ClassVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError

_WRITTEN = re.compile(r"\d{4}-\d\d-\d\d([Tt ].*)?", re.ASCII)


def _to_utc(value: datetime) -> datetime:
    if value.tzinfo is UTC:
        return value
    try:
        return value.astimezone(UTC)
    except OverflowError:  # pydantic would not turn it into a validation error; a writer can send anything
        raise PydanticCustomError("beyond_calendar", "lies outside the years 1 to 9999 in UTC") from None


UtcDatetime = Annotated[AwareDatetime, AfterValidator(_to_utc)]
"""An instant; any offset is accepted, UTC is kept and written."""


def _require_text(value: object) -> object:
    """Pydantic alone reads a number, or a text of digits, as seconds or milliseconds since 1970."""
    if isinstance(value, datetime) or (isinstance(value, str) and _WRITTEN.fullmatch(value)):
        return value
    raise PydanticCustomError("instant", "not an instant with an offset")


WrittenInstant = Annotated[UtcDatetime, BeforeValidator(_require_text)]
"""What others than the bus write as a time: RFC 3339 with an offset, never a number. A datetime is taken as it is."""


class Contract(BaseModel):
    """A part of a record value. Readers ignore unknown fields, so writers may add optional ones (design, Contracts)."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Contract):
    """The value of one record. ``event_type`` is its CloudEvents ``ce_type``, major version included."""

    event_type: ClassVar[str]
    from_outside: ClassVar[bool] = False
    """True for what others than the bus write: it is read as strictly as at the door, every name once."""
