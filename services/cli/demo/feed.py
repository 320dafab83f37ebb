"""Feeds complaints through intake's HTTP door at a steady rate, as impatient but honest senders would.

A sender that gets no clear answer tries again with the same Idempotency-Key until it gives up. Only a 202 counts as
accepted; what was never confirmed is counted as such, and may or may not be on the bus.
"""

from __future__ import annotations

import http.client
import math
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlsplit

from services.cli.demo.samples import Submission
from services.cli.send.answers import Accepted, DoorAnswer, Failed, NotYet, Rejected, read_answer
from shared.backoff import wait_after

REQUEST_TIMEOUT_SECONDS = 10.0
GIVE_UP_AFTER_SECONDS = 30.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 2.0
MOST_SENDERS = 32


@dataclass
class CountedRejection:
    """One reason of the door's: how often it was given, and the first row it was given for (file and line)."""

    reason: str
    first: str
    count: int = 0


@dataclass
class FeedFigures:
    """What the senders saw. Guarded by the feeder's lock while it runs."""

    sent: int = 0
    accepted: dict[str, str] = field(default_factory=dict)
    """Complaint id to ticket number."""
    rejected: int = 0
    unconfirmed: int = 0
    refusals: dict[str, CountedRejection] = field(default_factory=dict)
    """By what the door said, in the order in which it was first said."""
    accept_seconds: list[float] = field(default_factory=list)
    requested_at: dict[str, float] = field(default_factory=dict)
    """Complaint id to the machine's time (seconds since the epoch) when its first request began."""


class Feeder:
    """Sends while its ``with`` block runs, or until ``stop``. ``figures`` may be read at any time."""

    def __init__(self, url: str, submissions: Iterator[Submission], rate_per_second: float) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._submissions = submissions
        self._rate = rate_per_second
        self._taken = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._started_at = 0.0
        self.figures = FeedFigures()
        senders = min(MOST_SENDERS, max(2, math.ceil(rate_per_second / 10)))
        self._threads = [threading.Thread(target=self._send, name=f"sender-{n}", daemon=True) for n in range(senders)]

    def __enter__(self) -> Feeder:
        self._started_at = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Take nothing new; requests in the air are finished or given up. Safe to call twice."""
        self._stop.set()
        for thread in self._threads:
            thread.join(REQUEST_TIMEOUT_SECONDS + LONGEST_PAUSE_SECONDS)

    def accepted(self) -> dict[str, str]:
        """Complaint id to ticket number of everything accepted so far."""
        with self._lock:
            return dict(self.figures.accepted)

    def ticket_of(self, complaint_id: str | None) -> str | None:
        """The ticket number of a complaint of ours, else of the first accepted one; None while there is none."""
        with self._lock:
            first = next(iter(self.figures.accepted.values()), None)
            return self.figures.accepted.get(complaint_id or "", first)

    def accept_seconds(self) -> list[float]:
        """Seconds from the first request to the 202, per accepted complaint."""
        with self._lock:
            return list(self.figures.accept_seconds)

    def requested_at(self, complaint_id: str) -> float | None:
        """When the first request for this complaint began (seconds since the epoch); None if it is not ours."""
        with self._lock:
            return self.figures.requested_at.get(complaint_id)

    def _send(self) -> None:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=REQUEST_TIMEOUT_SECONDS)
        try:
            while (submission := self._take()) is not None:
                self._submit(connection, submission)
        finally:
            connection.close()

    def _take(self) -> Submission | None:
        """The next submission when its turn has come; None after ``stop``."""
        with self._lock:
            due_at = self._started_at + self._taken / self._rate
            self._taken += 1
            submission = next(self._submissions)
        if self._stop.wait(max(0.0, due_at - time.monotonic())):
            return None
        return submission

    def _submit(self, connection: http.client.HTTPConnection, submission: Submission) -> None:
        began = time.monotonic()
        with self._lock:
            self.figures.sent += 1
            self.figures.requested_at[submission.complaint_id] = time.time()
        answer = self._answer(connection, submission, began)
        if isinstance(answer, Accepted):
            self._note_accepted(answer, time.monotonic() - began)
        elif isinstance(answer, Rejected):
            self._note_rejected(answer, submission.place)
        else:
            self._note_unconfirmed()

    def _answer(self, connection: http.client.HTTPConnection, submission: Submission, began: float) -> DoorAnswer:
        failures = 0
        while isinstance(answer := _post(connection, submission), NotYet):
            if self._stop.is_set() or time.monotonic() - began > GIVE_UP_AFTER_SECONDS:
                return Failed(answer.reason)
            failures += 1
            time.sleep(wait_after(failures, FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS))
        return answer

    def _note_accepted(self, accepted: Accepted, seconds: float) -> None:
        with self._lock:
            self.figures.accepted[accepted.receipt["complaint_id"]] = accepted.receipt["ticket_number"]
            self.figures.accept_seconds.append(seconds)

    def refusals(self) -> tuple[CountedRejection, ...]:
        """What the door refused so far, by reason."""
        with self._lock:
            return tuple(replace(refusal) for refusal in self.figures.refusals.values())

    def _note_rejected(self, rejected: Rejected, place: str) -> None:
        first = rejected.problems[0]
        reason = f"{first.column or '(whole)'}: {first.reason}"
        with self._lock:
            self.figures.rejected += 1
            self.figures.refusals.setdefault(reason, CountedRejection(reason, place)).count += 1

    def _note_unconfirmed(self) -> None:
        with self._lock:
            self.figures.unconfirmed += 1


_NO_ANSWER: Final = NotYet("no answer")


def _post(connection: http.client.HTTPConnection, submission: Submission) -> DoorAnswer | NotYet:
    """One request, by a client that costs an eighth of what ``cbus send``'s does: the demo shares the machine."""
    headers = {"Content-Type": "application/json", "Accept-Language": "en", "Idempotency-Key": submission.key}
    try:
        connection.request("POST", "/v1/complaints", submission.body, headers)
        response = connection.getresponse()
        return read_answer(response.status, response.read())
    except (OSError, http.client.HTTPException):
        connection.close()
        return _NO_ANSWER
