"""One line of the table, and the arithmetic behind it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Measurement:
    """One measured figure: what, how much, what was aimed at, and by which method."""

    name: str
    value: float
    unit: str
    method: str
    aim: str = ""

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest-rank percentile; ``share`` 0.99 is the value 99 % of ``values`` do not exceed."""
    if not values:
        raise ValueError("no values were measured")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
