"""What came of one run: what caught the build, or that it could not be judged."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

LATENESS = ("L15", "unrecovered")
"""Signs that something came back late, or not at all."""

Verdict = Literal["caught", "passed", "not judged"]


@dataclass(frozen=True)
class TrialOutcome:
    """``caught_by``: rules broken, or ``undrained``, ``unrecovered``; ``problem``: why there is no verdict."""

    seed: int
    seconds: float
    caught_by: tuple[str, ...] = ()
    first_offender: str = ""
    problem: str = ""

    @property
    def verdict(self) -> Verdict:
        """A run that could not be judged catches nobody and clears nobody."""
        if self.problem:
            return "not judged"
        return "caught" if self.caught_by else "passed"

    def without_lateness(self) -> TrialOutcome:
        """For a mutant that takes nobody's time: lateness is not its doing, so it does not count as a catch."""
        caught_by = tuple(sign for sign in self.caught_by if sign not in LATENESS)
        remark = self.first_offender if caught_by or not self.caught_by else f"only late: {self.first_offender}"
        return replace(self, caught_by=caught_by, first_offender=remark)

    def write(self, path: Path) -> None:
        """Leave it where ``read`` finds it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), ensure_ascii=False), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> TrialOutcome:
        """An outcome that was written."""
        return cls.from_values(json.loads(path.read_text(encoding="utf-8")))

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> TrialOutcome:
        """An outcome from what JSON made of it."""
        return cls(**{**values, "caught_by": tuple(values["caught_by"])})


def unrecovered(fault_lines: Iterable[Mapping[str, Any]], rto_seconds: float) -> str | None:
    """The first fault of ``nemesis.jsonl`` after which what it hit was not back in time; None if all were."""
    for line in fault_lines:
        detail = line["detail"]
        if "error" in detail:
            return f"{line['fault']} {line['target']}: {str(detail['error'])[:200]}"
        if detail.get("recovered_seconds", 0.0) > rto_seconds:
            return f"{line['fault']} {line['target']}: back after {detail['recovered_seconds']:g} s"
    return None
