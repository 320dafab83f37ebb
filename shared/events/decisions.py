"""Decisions as they travel in events: each names the rule, the version and the reasons that made it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from shared.events.base import Contract


class Severity(StrEnum):
    """How bad it is for people. ``critical`` is a danger to life, health or safety and comes first (ISO 10002 §7.4)."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Role(StrEnum):
    """A department's part in a case: one lead speaks for all, co-handlers work beside it (首接负责)."""

    LEAD = "lead"
    CO_HANDLER = "co_handler"


class Classification(Contract):
    """What the complaint is about and how urgent it is."""

    category: str = Field(description="Category id of the taxonomy; 'other' when unclear.")
    severity: str = Field(description="One of Severity.")
    priority: int = Field(ge=0, le=3, description="0 = drop everything … 3 = normal order.")
    confidence: float = Field(ge=0, le=1, description="Share of the evidence that speaks for the category.")
    evidence: tuple[str, ...] = Field((), description="Terms of the taxonomy found in the text, strongest first.")
    safety: bool = Field(False, description="True when danger to life or health is signalled.")
    taxonomy_version: str = Field(description="Version of the taxonomy that made this decision.")


class Assignment(Contract):
    """One department's task in a case."""

    assignment_id: str = Field(description="UUIDv5 of complaint, cycle, department and attempt.")
    department: str = Field(description="Department id.")
    role: str = Field(description="One of Role.")
    mandatory: bool = Field(True, description="The case is resolved only when all mandatory assignments are done.")
    forced: bool = Field(False, description="Assigned by the arbiter (终审): cannot be returned.")


class RoutingDecision(Contract):
    """Which departments act, and why."""

    lead: str = Field(description="Department id of the lead.")
    co_handlers: tuple[str, ...] = Field((), description="Department ids of the co-handlers.")
    rule_id: str = Field(description="The rule that decided.")
    rules_version: str = Field(description="Version of the rule set.")
    reasons: tuple[str, ...] = Field(description="Why, one short sentence each; never a word of the narrative.")


class Resolution(Contract):
    """What is told to the consumer: status – cause – measures – date. Free of personal data."""

    status: str = Field(max_length=200, description="Outcome in one phrase, e.g. 'refund granted'.")
    cause: str = Field(max_length=1000, description="What was found to be the cause.")
    measures: str = Field(max_length=2000, description="What was or will be done.")
