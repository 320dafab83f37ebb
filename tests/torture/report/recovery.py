"""How long things took to work again, each beside its aim. From the nemesis's lines and the ledger alone.

All of it in seconds of the machine's clock; the lines' own instants are the bus's, ``speed`` times as fast.
"""

from __future__ import annotations

import bisect
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.events.clients import PROCESSORS
from tests.torture.load.ledger import Operation, Outcome

Line = Mapping[str, Any]

PROCESSOR_AIM, REFUSAL_AIM, HEALED_AIM = 10.0, 2.0, 30.0
_PROCESSORS = (*PROCESSORS, "sender")
_DEATHS = ("kill", "crash-point")
_LOST_MAJORITY = "majority-down"
_OF_BROKERS = frozenset(
    (
        *("broker-kill", "broker-pause", "leader-kill", "coordinator-kill", "controller-kill", _LOST_MAJORITY),
        *("partition", "broker-partition", "slow-link", "disk-full"),
    )
)


@dataclass(frozen=True)
class Episode:
    """A fault from its start to its end, by the bus's clock in seconds since the epoch."""

    fault: str
    target: str
    started: float
    ended: float
    recovered: float | None
    """Seconds of the machine's clock from when nothing stood in the way any more; None: not measured."""

    def healed(self, speed: float) -> float:
        """When what was hit could begin to come back."""
        return self.ended - (self.recovered or 0.0) * speed


def episodes(lines: Iterable[Line]) -> list[Episode]:
    """Starts and ends put together; what did not end well is left out, the report names it elsewhere."""
    begun: dict[tuple[str, str], float] = {}
    found: list[Episode] = []
    for line in lines:
        name = line["fault"], line["target"]
        if line["phase"] == "start":
            begun[name] = instant(line)
        elif name in begun and "error" not in line["detail"]:
            recovered = line["detail"].get("recovered_seconds")
            found.append(Episode(*name, begun.pop(name), instant(line), recovered))
    return found


def recovery_rows(lines: Sequence[Line], operations: Sequence[Operation], speed: float) -> list[dict[str, Any]]:
    """What was seen beside the aims; only what the run had."""
    all_episodes = episodes(lines)
    undisturbed, disturbed = _processor_deaths(all_episodes, speed)
    rows = [
        recovery_row("killed processor works again", PROCESSOR_AIM, undisturbed),
        recovery_row("… while brokers were broken as well", None, disturbed),
    ]
    lost = [episode for episode in all_episodes if episode.fault == _LOST_MAJORITY]
    first, each = _refusals(lost, operations, speed)
    rows += [
        recovery_row("two of three brokers lost: first 503", REFUSAL_AIM, first),
        recovery_row("… and each 503 from asking", REFUSAL_AIM, each),
        recovery_row("… healed: accepted again", HEALED_AIM, _accepted_after_healing(lost, operations, speed)),
    ]
    return [row for row in rows if row["times"]]


def recovery_row(what: str, aim: float | None, seen: Sequence[float]) -> dict[str, Any]:
    """One line of the report's table: how often it was seen, how long it took, how often within the aim."""
    if not seen:
        return {"what": what, "times": 0}
    return {
        "what": what,
        "aim_seconds": aim,
        "times": len(seen),
        "median": round(statistics.median(seen), 2),
        "longest": round(max(seen), 2),
        "within_aim": None if aim is None else sum(seconds <= aim for seconds in seen),
    }


def _processor_deaths(found: Sequence[Episode], speed: float) -> tuple[list[float], list[float]]:
    """Seconds until ready again: of those whose way back met no fault of a broker, and of the others."""
    outages = [episode for episode in found if episode.fault in _OF_BROKERS]
    undisturbed: list[float] = []
    disturbed: list[float] = []
    for death in found:
        if death.fault not in _DEATHS or not death.target.startswith(_PROCESSORS) or death.recovered is None:
            continue
        died = death.healed(speed)
        is_disturbed = any(outage.started < death.ended and died < outage.ended for outage in outages)
        (disturbed if is_disturbed else undisturbed).append(death.recovered)
    return undisturbed, disturbed


def _refusals(
    lost: Iterable[Episode], operations: Iterable[Operation], speed: float
) -> tuple[list[float], list[float]]:
    """Of each outage the time to the first 503; of each 503 asked for during one, how long it took."""
    first, each = [], []
    refused = sorted(_refused(operations))
    for outage in lost:
        within = [(asked, told) for told, asked in refused if outage.started <= asked and told <= outage.healed(speed)]
        if within:
            first.append((within[0][1] - outage.started) / speed)
        each += [(told - asked) / speed for asked, told in within]
    return first, each


def _refused(operations: Iterable[Operation]) -> Iterator[tuple[float, float]]:
    for operation in operations:
        if operation.answered.get("status") == 503:
            yield instant(operation.answered), instant(operation.invoked)


def _accepted_after_healing(lost: Iterable[Episode], operations: Iterable[Operation], speed: float) -> list[float]:
    """From the moment the brokers are started again to the next acceptance."""
    accepted = acceptances(operations)
    found = []
    for outage in lost:
        place = bisect.bisect_left(accepted, outage.healed(speed))
        if place < len(accepted):
            found.append((accepted[place] - outage.healed(speed)) / speed)
    return found


def acceptances(operations: Iterable[Operation]) -> list[float]:
    """When the door accepted something, ascending, by the bus's clock in seconds since the epoch."""
    return sorted(instant(operation.answered) for operation in operations if operation.outcome is Outcome.OK)


def instant(line: Line) -> float:
    """When a line of a file says it was, in seconds since the epoch."""
    return datetime.fromisoformat(line["at"]).timestamp()
