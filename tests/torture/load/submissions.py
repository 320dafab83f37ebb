"""What the load client sends: the shipped sample complaints, each under a key of its own, chosen by the seed."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deploy.local.service_process import PROJECT_ROOT
from shared.events.ids import complaint_id

SAMPLES = PROJECT_ROOT / "deploy/samples"
WITH_ADDRESSES_SHARE = 0.3

MAILBOXES = {"greylisted": 0.03, "unknown": 0.02, "dropped": 0.02, "slow": 0.01}
"""Shares of complainants whose mailbox misbehaves; the word is the beginning of their address."""

REPEATED_SHARE = 0.01
REPEATED_TERMS = ("着火", "自爆炸裂", "爆炸爆炸物", "fire on fire ", "没有着火，", "没")
"""Texts of nothing but these, up to the door's limit: what a reader that compares places with places never ends on."""
LONGEST_TEXT = 20_000

SINK_SCRIPT: tuple[dict[str, Any], ...] = (
    {"recipient": "greylisted-", "action": "450", "times": 1},
    {"recipient": "unknown-", "action": "550"},
    {"recipient": "dropped-", "action": "drop-after-data", "times": 1},
    {"recipient": "slow-", "action": "slow", "seconds": 2},
)
"""How the mail sink treats them."""


@dataclass(frozen=True)
class Submission:
    """One complaint to be made: its number, idempotency key and body."""

    number: int
    key: str
    body: Mapping[str, Any]

    @property
    def channel(self) -> str:
        """The channel in the body."""
        return str(self.body["channel"])

    @property
    def complaint_id(self) -> str:
        """The id it must get, whatever happens."""
        return complaint_id(self.channel, self.key)


class SubmissionSource:
    """The ``n``-th submission of a seed is always the same one."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._with_addresses = _read("complaints.jsonl")
        self._long_texts = _read("cfpb.jsonl")

    def submission(self, number: int) -> Submission:
        """Submission ``number`` (from 1)."""
        chance = random.Random(f"{self._seed}/submission/{number}")
        samples = self._with_addresses if chance.random() < WITH_ADDRESSES_SHARE else self._long_texts
        key = f"torture-{self._seed}-{number:06d}"
        body = dict(chance.choice(samples)) | {"channel_message_id": key}
        complainant = dict(body.get("complainant", {}))
        if "email" in complainant:
            body["complainant"] = complainant | {"email": _address(chance, number)}
        repeating = random.Random(f"{self._seed}/repeated/{number}")
        if repeating.random() < REPEATED_SHARE:
            body["narrative"] = {"text": repeated_text(repeating)}
        return Submission(number, key, body)


def repeated_text(chance: random.Random) -> str:
    """One or two terms, again and again, as long as the door takes or a tenth of it."""
    unit = "".join(chance.sample(REPEATED_TERMS, chance.choice((1, 2))))
    return (unit * LONGEST_TEXT)[: chance.choice((LONGEST_TEXT, LONGEST_TEXT // 10))]


def _address(chance: random.Random, number: int) -> str:
    draw = chance.random()
    for mailbox, share in MAILBOXES.items():
        if draw < share:
            return f"{mailbox}-{number:06d}@example.com"
        draw -= share
    return f"consumer-{number:06d}@example.com"


def other_content(submission: Submission) -> Mapping[str, Any]:
    """The same key with something else to say: what a client with a bug sends."""
    return dict(submission.body) | {"narrative": {"text": f"Another matter under the same key. {submission.number}"}}


def _read(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SAMPLES / name).read_text(encoding="utf-8").splitlines()]
