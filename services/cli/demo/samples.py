"""Sample complaints for the demo: JSON Lines in the format of intake's HTTP door, used over and over with new keys."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from services.cli.console.checkout import checkout_path
from shared.errors import ConfigurationError
from shared.events import ids
from shared.events.complaint import Channel

SAMPLES_DIRECTORY = checkout_path("deploy/samples")
_FIXED_INSTANTS = ("received_at", "occurred_at", "regulator_respond_by")
"""Left out when fed: the demo's complaints arrive now, and a date of last year would breach at once."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample: ``name`` tells it from the others, ``body`` is what is posted."""

    name: str
    channel: str
    body: bytes
    place: str
    """Where it stands: file and line."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A sample with the key under which it is sent; ``complaint_id`` follows from channel and key."""

    key: str
    complaint_id: str
    body: bytes
    place: str


def read_samples(source: Path | None) -> list[Sample]:
    """The samples of one file, or of every ``*.jsonl`` in ``deploy/samples``.

    Raises ConfigurationError naming file and line of what is not a JSON object, and when there is nothing to send.
    """
    files = [source] if source is not None else sorted(SAMPLES_DIRECTORY.glob("*.jsonl"))
    samples = [sample for file in files for sample in _read_file(file)]
    if not samples:
        raise ConfigurationError(f"no sample complaints in {source or SAMPLES_DIRECTORY}; name a file with --from")
    return samples


def _read_file(file: Path) -> Iterator[Sample]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as failure:
        raise ConfigurationError(f"{file}: {failure.strerror}") from None
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _sample(f"{file.stem}-{number}", _parse(line, f"{file}:{number}"), f"{file.name}:{number}")


def _parse(line: str, place: str) -> dict[str, Any]:
    try:
        body = json.loads(line)
    except ValueError:
        raise ConfigurationError(f"{place}: not JSON") from None
    if not isinstance(body, dict):
        raise ConfigurationError(f"{place}: not a JSON object")
    return body


def _sample(name: str, body: dict[str, Any], place: str) -> Sample:
    sent = {field: value for field, value in body.items() if field not in _FIXED_INSTANTS}
    channel = str(sent.get("channel", Channel.WEB.value))
    return Sample(name, channel, json.dumps(sent, ensure_ascii=False).encode(), place)


def mixed(samples: Sequence[Sample], seed: int) -> list[Sample]:
    """The samples in an order that mixes files and channels; the same for the same seed."""
    order = list(samples)
    random.Random(seed).shuffle(order)  # noqa: S311 - an order, not a secret
    return order


def submissions(samples: Sequence[Sample], run: str) -> Iterator[Submission]:
    """Samples under keys of their own, for ever: one of each file in turn, and every file from its start again.

    In turn, or the largest file would be nearly all that is seen. ``run`` tells this demo's keys from another's.
    """
    files: dict[str, list[Sample]] = {}
    for sample in samples:
        files.setdefault(sample.place.partition(":")[0], []).append(sample)
    turns = [_rounds(of_one_file, run) for of_one_file in files.values()]
    while True:
        for turn in turns:
            yield next(turn)


def _rounds(samples: Sequence[Sample], run: str) -> Iterator[Submission]:
    """Every sample once, then all again under new keys, for ever."""
    for round_number in count(1):
        for sample in samples:
            key = f"demo-{run}-{sample.name}-{round_number}"
            yield Submission(key, ids.complaint_id(sample.channel, key), sample.body, sample.place)
