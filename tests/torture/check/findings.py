"""What a rule found: how much it looked at, how often it was broken, by whom first."""

from __future__ import annotations

from dataclasses import dataclass, field

FIRST_OFFENDERS = 20


@dataclass(frozen=True)
class RuleResult:
    """The outcome of one rule."""

    rule: str
    title: str
    checked: int
    breaches: int
    first_offenders: tuple[str, ...]
    """``subject: what is wrong``; the subject is a complaint id where there is one."""
    notes: tuple[str, ...] = ()
    """What was seen without being wrong, and what could not be judged."""

    @property
    def passed(self) -> bool:
        """True without a breach."""
        return self.breaches == 0


@dataclass
class Findings:
    """Collects the outcome of one rule."""

    rule: str
    title: str
    checked: int = 0
    breaches: int = 0
    _offenders: list[str] = field(default_factory=list)
    _notes: list[str] = field(default_factory=list)

    def check(self, count: int = 1) -> None:
        """``count`` more things were looked at."""
        self.checked += count

    def breach(self, subject: str, what: str) -> None:
        """``subject`` breaks the rule."""
        self.breaches += 1
        if len(self._offenders) < FIRST_OFFENDERS:
            self._offenders.append(f"{subject}: {what}")

    def require(self, holds: bool, subject: str, what: str) -> None:
        """Look at one thing."""
        self.checked += 1
        if not holds:
            self.breach(subject, what)

    def note(self, text: str) -> None:
        """Say something that is not a breach."""
        self._notes.append(text)

    def result(self) -> RuleResult:
        """The outcome."""
        return RuleResult(
            self.rule, self.title, self.checked, self.breaches, tuple(self._offenders), tuple(self._notes)
        )
