"""The messages there are: template, audience, parameters, and the id and language of one message."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from shared.events.ids import event_id
from shared.events.notifications import Audience, NotificationRequested
from shared.language import language_of


class Template(StrEnum):
    """Every message the notifier can write; each has a file per language under ``deploy/config/templates``."""

    ACKNOWLEDGEMENT = "acknowledgement"
    RESULT = "result"
    BREACH_NOTICE = "breach_notice"
    BREACH_CORRECTED = "breach_corrected"
    WITHDRAWAL_CONFIRMED = "withdrawal_confirmed"
    REJECTION = "rejection"
    REOPENED = "reopened"
    MESSAGE_REFUSED = "message_refused"


LANGUAGES = ("zh-CN", "en")
"""Languages every template exists in."""

_INSTANT = "2026-03-02T01:30:00Z"

EXAMPLE_PARAMETERS: Mapping[Template, Mapping[str, str]] = MappingProxyType(
    {
        Template.ACKNOWLEDGEMENT: {"channel": "web", "received_at": _INSTANT},
        Template.RESULT: {
            "status": "refund granted",
            "cause": "the parcel was damaged in transit",
            "measures": "the amount was paid back in full",
            "resolved_at": _INSTANT,
        },
        Template.BREACH_NOTICE: {"clock": "first_response", "due_by": _INSTANT, "detected_at": _INSTANT},
        Template.BREACH_CORRECTED: {"clock": "first_response", "due_by": _INSTANT, "stopped_at": _INSTANT},
        Template.WITHDRAWAL_CONFIRMED: {"withdrawn_at": _INSTANT},
        Template.REJECTION: {"reason": "out_of_scope", "rejected_at": _INSTANT},
        Template.REOPENED: {"reason": "not_solved", "reopened_at": _INSTANT},
        Template.MESSAGE_REFUSED: {
            "message": "supplement",
            "reason": "case_closed",
            "received_at": _INSTANT,
            "danger": "yes",
        },
    }
)
"""The parameters of each template, with examples: what the composer gives and a template may use."""

AUDIENCES: Mapping[Template, Audience] = MappingProxyType(
    {
        template: Audience.DEPARTMENT
        if template in (Template.BREACH_NOTICE, Template.BREACH_CORRECTED)
        else Audience.COMPLAINANT
        for template in Template
    }
)
"""Who each message is written to."""


def notification_id(cause_event_id: str, template: Template) -> str:
    """The id of a message: the same cause and template always give the same one.

    Media in which a message has an id of its own make it of this one.
    """
    return event_id(cause_event_id, NotificationRequested.event_type, f"{template}/{AUDIENCES[template]}")


def tag_to_write_in(tag: str) -> str:
    """The tag templates go by, for a BCP 47 ``tag``: Simplified Chinese for any Chinese, English for the rest."""
    return "zh-CN" if language_of(tag) == "zh" else "en"
