"""The load client: many careful and some careless clients of the door, all decided by the seed.

Of the complaints about 10 % are sent again at once, 2 % up to minutes later, 1 % again with other content; about 1 % of
records written are poison, and some complainants have more to say. What is not known to be accepted is mostly, not
always, tried again under the same key.
"""

from __future__ import annotations

import heapq
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.torture.load.door import Answer, Door
from tests.torture.load.jdk_client import JdkClient
from tests.torture.load.ledger import Kind, Ledger, Outcome
from tests.torture.load.pace import Pace
from tests.torture.load.poison import Poisoner
from tests.torture.load.submissions import Submission, SubmissionSource, other_content

RETRY_SHARE, REPLAY_SHARE, CONFLICT_SHARE, POISON_SHARE = 0.10, 0.02, 0.01, 0.01
MESSAGE_SHARES: Mapping[str, float] = {"supplements": 0.02, "urges": 0.02, "withdrawals": 0.01, "survey-answers": 0.01}
PERSISTENT_SHARE = 0.8
MOST_TRIES = 12
REPLAYED_AFTER_SECONDS = (5.0, 150.0)
"""What is still waiting when the load has ended is replayed then, so a short run waits for none of it."""
SAID_AFTER_SECONDS = (5.0, 40.0)
THREADS = 24

Later = Callable[[Door], Any]


@dataclass(order=True)
class _Due:
    at: float
    number: int
    act: Later = field(compare=False)


class LoadClient:
    """Threads that submit what ``pace`` gives out; ``join`` waits until everything was sent."""

    def __init__(
        self,
        seed: int,
        urls: Sequence[str],
        pace: Pace,
        ledger: Ledger,
        poisoner: Poisoner,
        threads: int = THREADS,
        jdk: JdkClient | None = None,
    ) -> None:
        self._seed = seed
        self._urls = urls
        self._pace = pace
        self._ledger = ledger
        self._poisoner = poisoner
        self._jdk = jdk
        self._source = SubmissionSource(seed)
        self._later: list[_Due] = []
        self._lock = threading.Lock()
        self._failures: list[BaseException] = []
        self._threads = [threading.Thread(target=self._run, args=(n,), name=f"load-{n}") for n in range(threads)]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    @property
    def is_busy(self) -> bool:
        """Whether anything is still to be sent."""
        return any(thread.is_alive() for thread in self._threads)

    def join(self) -> None:
        """Wait for the end; raises what went wrong in the client itself."""
        for thread in self._threads:
            thread.join()
        if self._failures:
            raise self._failures[0]

    def _run(self, thread: int) -> None:
        door = Door(self._urls, self._ledger, first=thread, jdk=self._jdk)
        try:
            while (number := self._pace.take()) is not None:
                self._one(door, number)
                self._catch_up(door, time.monotonic())
            self._catch_up(door, float("inf"))
        except BaseException as error:  # handed to the main thread by join
            self._failures.append(error)
        finally:
            door.close()

    def _one(self, door: Door, number: int) -> None:
        """Everything the client does about one complaint."""
        chance = random.Random(f"{self._seed}/load/{number}")
        submission = self._source.submission(number)
        if chance.random() < POISON_SHARE:
            self._poisoner.write(chance)
        answer = self._submit_until_known(door, submission, chance)
        if chance.random() < RETRY_SHARE:
            door.submit(Kind.RETRY, submission)
        if chance.random() < REPLAY_SHARE:
            after_seconds = chance.uniform(*REPLAYED_AFTER_SECONDS)
            self._put_off(after_seconds, number, lambda door: door.submit(Kind.REPLAY, submission))
        if answer.outcome is Outcome.OK:
            self._after_acceptance(door, submission, answer, chance)

    def _submit_until_known(self, door: Door, submission: Submission, chance: random.Random) -> Answer:
        answer = door.submit(Kind.SUBMIT, submission)
        persists = chance.random() < PERSISTENT_SHARE or answer.outcome is Outcome.FAIL
        tries = MOST_TRIES if persists else 1
        while answer.outcome is not Outcome.OK and tries > 1:
            time.sleep(chance.uniform(0.2, 2.0))
            answer = door.submit(Kind.RETRY, submission)
            tries -= 1
        return answer

    def _after_acceptance(self, door: Door, submission: Submission, answer: Answer, chance: random.Random) -> None:
        if chance.random() < CONFLICT_SHARE:
            door.submit(Kind.CONFLICT, submission, other_content(submission))
        draw = chance.random()
        for message, share in MESSAGE_SHARES.items():
            if draw < share:
                body = _message_body(message, submission.number)
                say = partial(_say, submission, answer.query_code or "", message, body)
                self._put_off(chance.uniform(*SAID_AFTER_SECONDS), submission.number, say)
                return
            draw -= share

    def _put_off(self, after_seconds: float, number: int, act: Later) -> None:
        with self._lock:
            heapq.heappush(self._later, _Due(time.monotonic() + after_seconds, number, act))

    def _catch_up(self, door: Door, until: float) -> None:
        """Do what was put off and is due by ``until``."""
        while True:
            with self._lock:
                if not self._later or self._later[0].at > until:
                    return
                due = heapq.heappop(self._later)
            due.act(door)


def _say(submission: Submission, query_code: str, message: str, body: Mapping[str, Any], door: Door) -> Answer:
    return door.say(submission, query_code, message, body)


def _message_body(message: str, number: int) -> dict[str, Any]:
    if message == "supplements":
        return {"narrative": {"text": f"One more thing, number {number}: the receipt is attached."}}
    if message == "survey-answers":
        return {"cycle": 1, "solved": number % 2 == 0}
    return {}
