"""Scripted misbehaviour of the mail sink: which recipients are refused, answered late, or cut off, and how often.

The script is a JSON list, read again at every use, so a test can change it while the sink runs::

    [{"recipient": "greylisted", "action": "450", "times": 1},
     {"recipient": "@slow.example.com", "action": "slow", "seconds": 5}]

``recipient`` is a part of the address; the first rule that matches and is not used up applies. ``times`` counts per
rule and address (absent: always).
"""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class Misbehaviour(StrEnum):
    """What the sink does instead of accepting at once."""

    SHUTTING_DOWN = "421"
    TRY_LATER = "450"
    NO_SUCH_USER = "550"
    DROP_AFTER_DATA = "drop-after-data"
    SLOW = "slow"

    @property
    def at_recipient(self) -> bool:
        """Whether it happens at RCPT TO (a refusal) rather than after the message was taken."""
        return self in _REPLIES

    @property
    def reply(self) -> str:
        """The SMTP reply of a refusal (RFC 5321 §4.2, RFC 3463)."""
        return _REPLIES[self]


_REPLIES = {
    Misbehaviour.SHUTTING_DOWN: "421 4.3.2 Service shutting down",
    Misbehaviour.TRY_LATER: "450 4.2.0 Greylisted, try again later",
    Misbehaviour.NO_SUCH_USER: "550 5.1.1 No such user here",
}


class SmtpRule(BaseModel):
    """One line of the script."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipient: str = Field(description="Part of the recipient's address this rule is for; empty means every address.")
    action: Misbehaviour = Field(
        description="421, 450 or 550: refuse the recipient so. drop-after-data: keep the message, then cut the "
        "connection without a reply. slow: keep the message, answer after `seconds`."
    )
    times: int | None = Field(default=None, ge=1, description="How often per address; absent means always.")
    seconds: float = Field(default=1.0, ge=0, description="Delay of a slow answer, in seconds.")


_RULES = TypeAdapter(list[SmtpRule])


class SmtpScript:
    """The rules in a file (or none), and how often each was used."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._used: Counter[tuple[int, str]] = Counter()

    def next_rule(self, address: str, *, at_recipient: bool) -> SmtpRule | None:
        """The rule to follow now for ``address`` at this stage, counted as used; None means: behave."""
        for position, rule in enumerate(self._rules()):
            if rule.action.at_recipient is not at_recipient or rule.recipient not in address:
                continue
            use = (position, address)
            if rule.times is None or self._used[use] < rule.times:
                self._used[use] += 1
                return rule
        return None

    def _rules(self) -> list[SmtpRule]:
        if self._file is None or not self._file.exists():
            return []
        return _RULES.validate_json(self._file.read_bytes())
