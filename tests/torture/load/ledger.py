"""The load client's own record of what it asked and what it was told: the yardstick of the checker.

Every operation is two lines, each on the disk before the next step: ``invoke`` before the request, then ``ok`` (it was
accepted), ``fail`` (it was refused for certain) or ``info`` (nobody knows: time-out, reset, 5xx). An operation without
a second line counts as ``info``. The words are Jepsen's.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from tests.torture.load.json_lines import DurableLines, read_lines


class Kind(StrEnum):
    """What the client was up to."""

    SUBMIT = "submit"
    RETRY = "retry"
    REPLAY = "replay"
    CONFLICT = "conflict"
    POISON = "poison"
    MESSAGE = "message"


class Outcome(StrEnum):
    """What it was told."""

    OK = "ok"
    FAIL = "fail"
    INFO = "info"


@dataclass(frozen=True)
class Operation:
    """One request and its outcome, put together from the two lines of the ledger."""

    op: int
    kind: Kind
    invoked: Mapping[str, Any]
    outcome: Outcome
    answered: Mapping[str, Any]


class Ledger:
    """Writes the ledger; safe for many threads. ``now`` is the bus's clock."""

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        self._lines = DurableLines(path)
        self._now = now
        self._numbers = itertools.count(1)
        self._counting = threading.Lock()
        self.outcomes: Counter[tuple[Kind, Outcome]] = Counter()

    def invoke(self, kind: Kind, **what: Any) -> int:
        """Note that a request is about to be made; its number."""
        number = next(self._numbers)
        self._lines.append({"op": number, "state": "invoke", "at": self._at(), "kind": kind, **what})
        return number

    def answer(self, number: int, kind: Kind, outcome: Outcome, **told: Any) -> None:
        """Note what came of request ``number``."""
        self._lines.append({"op": number, "state": outcome, "at": self._at(), **told})
        with self._counting:
            self.outcomes[kind, outcome] += 1

    def close(self) -> None:
        """Close the file."""
        self._lines.close()

    def _at(self) -> str:
        return self._now().isoformat()


def outcome_of_status(status: int) -> Outcome:
    """202 is yes; a client error is a definite no; anything else leaves it open, since the record may still land."""
    if status == 202:
        return Outcome.OK
    return Outcome.FAIL if 400 <= status < 500 else Outcome.INFO


def body_bytes(body: Mapping[str, Any]) -> bytes:
    """The exact bytes a submission is sent as: sorted names, no spaces, UTF-8."""
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def sha256(content: bytes) -> str:
    """Hex digest, as the ledger's ``body_sha256``."""
    return hashlib.sha256(content).hexdigest()


def read_ledger(path: Path) -> list[Operation]:
    """All operations in order of their invocation."""
    return operations(read_lines(path))


def operations(lines: Iterable[Mapping[str, Any]]) -> list[Operation]:
    """Put invocations and answers together; an answer without an invocation is a corrupt ledger (``ValueError``)."""
    invoked: dict[int, Mapping[str, Any]] = {}
    answered: dict[int, Mapping[str, Any]] = {}
    for line in lines:
        if line["state"] == "invoke":
            invoked[line["op"]] = line
        elif line["op"] in invoked:
            answered[line["op"]] = line
        else:
            raise ValueError(f"the ledger answers operation {line['op']}, which was never invoked")
    return [_operation(number, line, answered.get(number)) for number, line in sorted(invoked.items())]


def _operation(number: int, invoked: Mapping[str, Any], answered: Mapping[str, Any] | None) -> Operation:
    outcome = Outcome(answered["state"]) if answered else Outcome.INFO
    return Operation(number, Kind(invoked["kind"]), invoked, outcome, answered or {})
