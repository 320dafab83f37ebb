"""What the enterprise chooses about its correspondence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class CorrespondencePolicy:
    """Who is told when nobody is responsible yet, in which language, and how long things are kept."""

    triage_department: str
    """Department id told of breaches that no department is responsible for."""
    department_language: str = "zh-CN"
    """Language of messages to departments, one of ``LANGUAGES``."""
    hold_for: timedelta = timedelta(minutes=15)
    """How long a breach notice waits for the dispatch that names the department, before triage is told."""
    keep_for: timedelta = timedelta(days=400)
    """How long a complainant's address is kept after the case ended: until then it may be reopened."""
