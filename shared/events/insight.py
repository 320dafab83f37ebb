"""Facts on ``insight.alerts.v1``: more complaints of one kind than is usual. Insight, which writes them, is planned.

An alert is about many complaints, so it names a group of them, never a person: ids, counts and instants only. Its key
is the first complaint of the group, so that a parent case and its alert have one owner.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from shared.events.base import Contract, Event, UtcDatetime


class AlertKind(StrEnum):
    """What is unusual."""

    MASS_INCIDENT = "mass_incident"
    """Many people, the same product, store or other subject (群体性投诉)."""
    SURGE = "surge"
    """More than is usual at this time, whoever complains."""


class AlertSubject(Contract):
    """What the complaints have in common."""

    kind: str = Field(description="What is grouped by: product, batch, store, merchant, category or department.")
    value: str = Field(max_length=200, description="Which one, as the complaints name it. Never a person.")


class AlertRaised(Event):
    """Within one window more complaints share a subject than the threshold allows."""

    event_type: ClassVar[str] = "insight.alert_raised.v1"
    complaint_id: str = Field(description="The first complaint of the group; the key of the record.")
    kind: str = Field(description="One of AlertKind; readers tolerate values added later.")
    subject: AlertSubject = Field(description="What the complaints have in common.")
    window_started_at: UtcDatetime = Field(description="Start of the window, by receipt; included.")
    window_ended_at: UtcDatetime = Field(description="End of the window, by receipt; not included.")
    observed: int = Field(ge=1, description="Complaints about the subject in the window.")
    expected: float = Field(ge=0, description="How many are usual in such a window.")
    threshold: float = Field(gt=0, description="How many are too many; observed is not below it.")
    severity: str = Field(description="One of Severity.")
    complaint_ids: tuple[str, ...] = Field(
        min_length=1, max_length=20, description="The first complaints of the group, in order of receipt, at most 20."
    )
    rule_id: str = Field(description="The rule that decided.")
    rules_version: str = Field(description="Version of the rule set.")
    detected_at: UtcDatetime = Field(description="When the threshold was reached.")
