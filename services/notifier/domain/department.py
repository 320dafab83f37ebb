"""A department as somebody who is told something."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Department(BaseModel):
    """A department as the notifier sees it; what else the file says is the router's business."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(description="Department id, as in topic names.")
    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    email: str | None = Field(None, description="Address for notices; without one they fail, for a person to see.")
    triage: bool = Field(False, description="True for the one that gets what no department is responsible for.")

    def name(self, language: str) -> str:
        """The name in ``language``."""
        return self.name_zh if language == "zh-CN" else self.name_en
