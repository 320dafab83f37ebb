"""What complainants say later about a complaint they already made: more material, withdrawal, urging, the survey."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.intake.domain.submission import SubmittedAttachment, SubmittedNarrative
from shared.events.complaint import accept_plain_narrative
from shared.events.received import (
    ComplaintSupplemented,
    ComplaintUrged,
    ComplaintWithdrawn,
    ConsumerMessage,
    SurveyAnswered,
)


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Supplement(_Strict):
    """Body of ``…/supplements``."""

    narrative: SubmittedNarrative = Field(description="What is added: a text, or an object. Personal data.")
    attachments: tuple[SubmittedAttachment, ...] = Field(
        (), max_length=50, description="Metadata of added attachments."
    )

    @model_validator(mode="before")
    @classmethod
    def _narrative_from_text(cls, data: Any) -> Any:
        return accept_plain_narrative(data)


class Withdrawal(_Strict):
    """Body of ``…/withdrawals``."""

    reason: str | None = Field(
        None, max_length=200, pattern=r"^[a-z0-9_.-]+$", description="Reason code, e.g. solved_otherwise; no free text."
    )


class Urge(_Strict):
    """Body of ``…/urges``: empty."""


class SurveyAnswer(_Strict):
    """Body of ``…/survey-answers``."""

    cycle: int = Field(ge=1, description="The cycle the answer is about.")
    solved: bool = Field(description="False reopens the case.")
    score: int | None = Field(None, ge=1, le=5, description="Satisfaction, 1 to 5.")


@dataclass(frozen=True, slots=True)
class MessageKind:
    """One thing a complainant can say: what the body must look like, and the fact it becomes."""

    body: type[BaseModel]
    event: type[ConsumerMessage]


MESSAGE_KINDS = MappingProxyType(
    {
        "supplements": MessageKind(Supplement, ComplaintSupplemented),
        "withdrawals": MessageKind(Withdrawal, ComplaintWithdrawn),
        "urges": MessageKind(Urge, ComplaintUrged),
        "survey-answers": MessageKind(SurveyAnswer, SurveyAnswered),
    }
)
"""By the last part of the path."""


def to_event(kind: MessageKind, body: BaseModel, complaint_id: str, received_at: datetime) -> ConsumerMessage:
    """The fact that this message is."""
    content = {name: getattr(body, name) for name in body.model_fields_set}
    return kind.event.model_validate({"complaint_id": complaint_id, "received_at": received_at, **content})
