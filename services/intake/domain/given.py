"""What is given and what is not: a field with nothing visible in it was left empty by whoever filled in the form."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, model_validator
from pydantic_core import PydanticCustomError

from shared.invisible import is_blank


def require_visible(text: str) -> str:
    """Refuse a text of nothing but white space and characters that are not shown."""
    if is_blank(text):
        raise PydanticCustomError("blank", "nothing but white space")
    return text


class BlankIsAbsent(BaseModel):
    """A model whose optional texts count as absent where they are blank. A closed choice is no text: it is refused."""

    @model_validator(mode="before")
    @classmethod
    def _leave_blank_out(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {name: value for name, value in data.items() if not cls._is_left_empty(name, value)}

    @classmethod
    def _is_left_empty(cls, name: str, value: object) -> bool:
        if not isinstance(value, str) or name not in cls.model_fields or not is_blank(value):
            return False
        field = cls.model_fields[name]
        return not field.is_required() and field.annotation in (str, str | None)
