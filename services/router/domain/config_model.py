"""What all decision data of the router has in common."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from shared.events.currency import by_currency

AmountsByCurrency = Annotated[dict[str, Decimal], AfterValidator(by_currency)]
"""Amounts by ISO 4217 code; other names of a currency are read as its code, anything else is an error."""


class ConfigModel(BaseModel):
    """Nothing may change after loading, a mistyped key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
