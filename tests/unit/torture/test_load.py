"""What is sent, how fast, and what departments do: decided by the seed alone."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.ids import complaint_id
from tests.torture.load import client as load
from tests.torture.load.client import LoadClient
from tests.torture.load.departments import plan_work
from tests.torture.load.door import Answer
from tests.torture.load.ledger import Kind, Outcome
from tests.torture.load.pace import Pace, complaints_per_second
from tests.torture.load.submissions import LONGEST_TEXT, SubmissionSource, other_content


def test_the_same_number_of_a_seed_is_the_same_submission() -> None:
    assert SubmissionSource(3).submission(17) == SubmissionSource(3).submission(17)


def test_keys_are_unique_and_the_id_follows_from_channel_and_key() -> None:
    submissions = [SubmissionSource(1).submission(number) for number in range(1, 200)]
    assert len({submission.key for submission in submissions}) == len(submissions)
    for submission in submissions:
        assert submission.body["channel_message_id"] == submission.key
        assert submission.complaint_id == complaint_id(submission.body["channel"], submission.key)


def test_a_conflicting_submission_has_the_same_key_and_other_words() -> None:
    submission = SubmissionSource(1).submission(1)
    other = other_content(submission)
    assert other["channel_message_id"] == submission.key
    assert other["narrative"] != submission.body["narrative"]


def test_every_misbehaving_mailbox_has_complainants() -> None:
    source = SubmissionSource(1)
    addresses = [source.submission(n).body.get("complainant", {}).get("email", "") for n in range(1, 1000)]
    boxes = Counter(address.partition("-")[0] for address in addresses)
    assert all(boxes[box] for box in ("greylisted", "unknown", "dropped", "slow", "consumer"))


def test_some_texts_are_nothing_but_the_same_terms_again_up_to_the_limit() -> None:
    source = SubmissionSource(1)
    texts = [str(source.submission(n).body["narrative"]["text"]) for n in range(1, 1000) if _is_repeated(source, n)]
    assert 3 <= len(texts) <= 30
    assert {len(text) for text in texts} == {LONGEST_TEXT, LONGEST_TEXT // 10}


def _is_repeated(source: SubmissionSource, number: int) -> bool:
    text = str(dict(source.submission(number).body["narrative"]).get("text", ""))
    return len(text) >= LONGEST_TEXT // 10 and len(set(text)) < 20


@given(st.integers(0, 1000), st.uuids())
def test_work_on_an_assignment_is_decided_by_seed_and_id_and_runs_forward(seed: int, assignment: object) -> None:
    steps = plan_work(seed, str(assignment))
    assert steps == plan_work(seed, str(assignment))
    assert [step.after for step in steps] == sorted(step.after for step in steps)
    assert all(step.after > timedelta(0) for step in steps)


@given(st.integers(1, 100_000), st.floats(0, 10_000))
def test_the_pace_neither_stands_still_nor_exceeds_its_limit(left: int, seconds: float) -> None:
    assert 0 < complaints_per_second(left, seconds, 60.0) <= 60.0


def test_the_pace_gives_every_number_once() -> None:
    pace = Pace(20, lambda: 0.0, fastest=10_000)
    assert [pace.take() for _ in range(21)] == [*range(1, 21), None]


class OpenDoor:
    """Accepts everything at once and counts what was asked."""

    asked: ClassVar[Counter[str]] = Counter()

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def submit(self, kind: Kind, *_: Any) -> Answer:
        OpenDoor.asked[kind] += 1
        return Answer(Outcome.OK, 202, "c", "code")

    def say(self, *_: Any) -> Answer:
        OpenDoor.asked[Kind.MESSAGE] += 1
        return Answer(Outcome.OK, 202)

    def close(self) -> None:
        """Nothing is open."""


class NoPoison:
    """Writes nothing."""

    def write(self, chance: random.Random) -> None:
        """Nothing."""


def test_replays_come_up_to_minutes_later_and_at_the_end_of_the_load_at_the_latest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(load, "Door", OpenDoor)
    monkeypatch.setattr(OpenDoor, "asked", Counter())
    put_off: list[float] = []
    original = LoadClient._put_off

    def noting(client: LoadClient, after_seconds: float, number: int, act: Callable[..., Any]) -> None:
        put_off.append(after_seconds)
        original(client, after_seconds, number, act)

    monkeypatch.setattr(LoadClient, "_put_off", noting)
    pace = Pace(1000, lambda: 0.0, fastest=1e6)
    client = LoadClient(1, [], pace, None, NoPoison(), threads=4)  # type: ignore[arg-type]
    started = time.monotonic()
    client.start()
    client.join()
    assert OpenDoor.asked[Kind.REPLAY] == pytest.approx(20, abs=10)
    assert OpenDoor.asked[Kind.REPLAY] + OpenDoor.asked[Kind.MESSAGE] == len(put_off), "nothing was left out"
    assert time.monotonic() - started < 5, "nothing was waited for"
    assert max(put_off) > 120, "some are replayed minutes later"
    assert min(put_off) >= 5
