"""What all decision data of the router has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class ConfigModel(BaseModel):
    """Nothing may change after loading, a mistyped key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
