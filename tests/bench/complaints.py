"""Complaints to measure with: the shipped samples, again and again under new ids, to 1.5 departments on average."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from shared.events import ids
from shared.events.complaint import Complaint
from tests.bench.fan_out import departments_of, drawn

SAMPLES = Path(__file__).parents[2] / "deploy/samples"
DEPARTMENTS_EACH = 1.5
"""Departments a complaint goes to on average; the samples by themselves have 1.35."""
_DRAWN = 2_000


@cache
def submissions() -> list[dict[str, Any]]:
    """Shipped samples in the HTTP door's form, drawn so that they go to ``DEPARTMENTS_EACH`` departments on average."""
    shipped = samples()
    return list(itertools.islice(drawn(shipped, departments_of(shipped), DEPARTMENTS_EACH), _DRAWN))


def samples() -> list[dict[str, Any]]:
    """Every shipped sample once."""
    files = sorted(SAMPLES.glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def complaints(count: int, run: str, respond_by: Iterator[datetime] | None = None) -> Iterator[Complaint]:
    """``count`` complaints as intake would write them, ids unique to ``run``; received now."""
    now = datetime.now(UTC)
    for number, submission in zip(range(count), itertools.cycle(submissions()), strict=False):
        message_id = f"{run}-{number}"
        identifier = ids.complaint_id(submission["channel"], message_id)
        made = {
            "complaint_id": identifier,
            "ticket_number": ids.ticket_number(identifier, now),
            "channel_message_id": message_id,
            "content_digest": ids.content_digest(message_id.encode()),
            "received_at": now.isoformat(),
            "ingested_at": now.isoformat(),
            "regulator_respond_by": next(respond_by).isoformat() if respond_by else None,
        }
        yield Complaint.model_validate(submission | made)


def spread(start: datetime, seconds: float, count: int) -> Iterator[datetime]:
    """``count`` instants evenly over ``seconds`` from ``start``."""
    for number in range(count):
        yield start + timedelta(seconds=seconds * number / count)
