"""``cbus compose``: what would people be told? JSON Lines with events in, with messages out; nothing is sent.

A line is an event as CloudEvents JSON: ``{"type", "data", "id"?, "time"?}``. Events of one complaint build on one
another, in the order of the lines, as in the running notifier: a result needs the registration that says whom to write
to. A ``notification.requested.v1`` is written out as it stands. Query codes are left out: they are for complainants.

Answer: ``{"id", "complaint_id", "messages", "skipped", "unsendable"}``. A message has notification_id, template,
audience, language, to, subject, text; the other two lists say which template nobody would get, and why. Addresses and
headers pass the sender's own check, so what the sender would give up is not shown as a message.
Exit code 0: every line was answered; 1: one was refused, with its reason in its place; 2: wrong use.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.cli.console.json_lines import FileArgument, LineRefused, run_batch_command
from services.cli.console.options import AlwaysJsonOption, ConfigDirOption
from services.notifier.adapters.config_files import load_departments
from services.notifier.bootstrap import correspondence_policy, media
from services.notifier.domain.composition import Cause
from services.notifier.domain.policy import CorrespondencePolicy
from services.notifier.domain.reducer import compose
from services.notifier.domain.state import Correspondence
from services.notifier.sending.medium import Medium, Unsendable
from services.notifier.sending.preparing import prepared
from services.notifier.settings import NotifierSettings
from shared.errors import ConfigurationError
from shared.events.base import Event, WrittenInstant
from shared.events.ids import event_id
from shared.events.notifications import NotificationRequested, NotificationSkipped
from shared.events.registry import EVENT_MODELS
from shared.settings import settings_problems

QUERY_CODE_SHOWN: Final = "****-****-****-****"


class EventLine(BaseModel):
    """One line of input."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: str = Field(description="ce_type of the event, e.g. complaint.registered.v1.")
    id: str | None = Field(None, description="ce_id; without it one is made of the content.")
    time: WrittenInstant | None = Field(None, description="When it is handled; default now.")
    data: dict[str, Any] = Field(description="The event.")


class Correspondences:
    """The composer's memory over the lines of one run."""

    def __init__(self, policy: CorrespondencePolicy, media: Sequence[Medium]) -> None:
        """``media``: at least one; none of them is connected."""
        self._policy = policy
        self._media = media
        self._states: dict[str, Correspondence | None] = {}

    def answer(self, document: dict[str, Any]) -> dict[str, Any]:
        """What would be sent because of one line; raises LineRefused or pydantic's ValidationError."""
        line = EventLine.model_validate(document)
        model = EVENT_MODELS.get(line.type)
        if model is None:
            raise LineRefused("type", "no event has this type")
        event = model.model_validate(line.data)
        outputs = [event] if isinstance(event, NotificationRequested) else self._compose(event, line)
        answer: dict[str, Any] = {"complaint_id": getattr(event, "complaint_id", None)}
        answer |= {"messages": [], "skipped": [], "unsendable": []}
        for output in outputs:
            if isinstance(output, NotificationRequested):
                self._write(output, answer)
            elif isinstance(output, NotificationSkipped):
                answer["skipped"].append({"template": output.template, "reason": output.reason})
        return answer

    def _compose(self, event: Event, line: EventLine) -> list[Event]:
        key = str(getattr(event, "complaint_id", ""))
        cause = Cause(line.id or event_id(event.model_dump_json(), event.event_type))
        step = compose(self._states.get(key), event, cause, self._policy, line.time or datetime.now(UTC))
        self._states[key] = step.state
        return [output.event for output in step.emits]

    def _write(self, request: NotificationRequested, answer: dict[str, Any]) -> None:
        medium = next((medium for medium in self._media if medium.name == request.medium), self._media[0])
        parcel = prepared(request, medium)
        if isinstance(parcel, Unsendable):
            answer["unsendable"].append(
                {"template": request.template, "reason": parcel.reason, "detail": parcel.detail}
            )
            return
        answer["messages"].append(
            {
                "notification_id": request.notification_id,
                "template": request.template,
                "audience": request.audience,
                "language": request.language,
                "to": parcel.recipient,
                "subject": parcel.heading,
                "text": parcel.text,
            }
        )


def compose_command(config_dir: ConfigDirOption, file: FileArgument = None, as_json: AlwaysJsonOption = False) -> None:
    """Messages that events would cause: JSON Lines {"type", "data", "id"?} in, messages out, in the same order.

    Events of one complaint build on one another. Names, contact line and time zone are taken from the notifier's
    settings (CBUS_...).
    """
    settings = _settings(config_dir)
    triage = load_departments(config_dir / "departments.yaml").triage.id
    plugs = [make() for make in media(settings, lambda _complaint: QUERY_CODE_SHOWN)]
    run_batch_command(Correspondences(correspondence_policy(settings, triage), plugs).answer, file)


def _settings(config_dir: Path) -> NotifierSettings:
    try:
        return NotifierSettings(development=True, config_dir=config_dir)  # no query code is made: no secret is needed
    except ValidationError as error:
        listed = "; ".join(settings_problems(error, NotifierSettings))
        raise ConfigurationError(f"the notifier's settings (CBUS_...) are wrong: {listed}") from None
