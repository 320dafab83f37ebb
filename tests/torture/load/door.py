"""One request to the HTTP door, noted before and after. Nothing is raised: whatever goes wrong is an outcome."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from tests.torture.load.jdk_client import JdkClient, NoAnswer, NotConnected
from tests.torture.load.ledger import Kind, Ledger, Outcome, body_bytes, outcome_of_status, sha256
from tests.torture.load.submissions import Submission

TIMEOUT_SECONDS = 7.0  # the door answers 503 within five
JDK_EVERY = 25


@dataclass(frozen=True)
class Answer:
    """What the door said. ``query_code`` lives in memory only."""

    outcome: Outcome
    status: int | None = None
    complaint_id: str | None = None
    query_code: str | None = None


class Door:
    """A client of all instances of intake; used by one thread.

    With ``jdk`` every 25th complaint, and all that is said of it later, is sent by a stock JDK client.
    """

    def __init__(self, urls: Sequence[str], ledger: Ledger, first: int, jdk: JdkClient | None = None) -> None:
        self._urls = list(urls)
        self._turn = first
        self._ledger = ledger
        self._client = httpx.Client(timeout=TIMEOUT_SECONDS)
        self._jdk = jdk

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def submit(self, kind: Kind, submission: Submission, body: Mapping[str, Any] | None = None) -> Answer:
        """Submit a complaint, or ``body`` in its place under the same key."""
        content = body if body is not None else submission.body
        number = self._ledger.invoke(
            kind,
            key=submission.key,
            channel=submission.channel,
            body_sha256=sha256(body_bytes(content)),
            complaint_id_expected=submission.complaint_id,
            submission=content,
        )
        headers = {"Idempotency-Key": submission.key}
        return self._post(number, kind, submission, "/v1/complaints", content, headers)

    def say(self, submission: Submission, query_code: str, message: str, body: Mapping[str, Any]) -> Answer:
        """A later message of the complainant: ``message`` is the last part of the path."""
        key = f"{submission.key}-{message}"
        number = self._ledger.invoke(
            Kind.MESSAGE,
            key=key,
            channel=submission.channel,
            body_sha256=sha256(body_bytes(body)),
            complaint_id_expected=submission.complaint_id,
            message=message,
            submission=body,
        )
        path = f"/v1/complaints/{submission.complaint_id}/{message}"
        headers = {"Idempotency-Key": key, "Query-Code": query_code}
        return self._post(number, Kind.MESSAGE, submission, path, body, headers)

    def _post(
        self,
        number: int,
        kind: Kind,
        submission: Submission,
        path: str,
        body: Mapping[str, Any],
        headers: Mapping[str, str],
    ) -> Answer:
        self._turn += 1
        url = self._urls[self._turn % len(self._urls)] + path
        post = self._post_by_jdk if self._jdk and submission.number % JDK_EVERY == 0 else self._post_by_httpx
        try:
            status, content = post(url, body_bytes(body), {"Content-Type": "application/json", **headers})
        except NotConnected:  # no connection, so no request: it cannot have been accepted
            self._ledger.answer(number, kind, Outcome.FAIL, error="NotConnected")
            return Answer(Outcome.FAIL)
        except NoAnswer as error:
            self._ledger.answer(number, kind, Outcome.INFO, error=str(error))
            return Answer(Outcome.INFO)
        return self._note(number, kind, status, content)

    def _post_by_httpx(self, url: str, content: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        try:
            response = self._client.post(url, content=content, headers=headers)
        except httpx.ConnectError as error:
            raise NotConnected from error
        except httpx.HTTPError as error:
            raise NoAnswer(type(error).__name__) from error
        return response.status_code, response.content

    def _post_by_jdk(self, url: str, content: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        if self._jdk is None:
            raise RuntimeError("this door was given no JDK client")
        answer = self._jdk.post(url, content, headers, TIMEOUT_SECONDS)
        return answer.status, answer.body

    def _note(self, number: int, kind: Kind, status: int, content: bytes) -> Answer:
        outcome = outcome_of_status(status)
        told = json.loads(content) if outcome is Outcome.OK else {}
        receipt = {name: told[name] for name in ("complaint_id", "ticket_number", "event_id") if name in told}
        self._ledger.answer(number, kind, outcome, status=status, **receipt)
        return Answer(outcome, status, told.get("complaint_id"), told.get("query_code"))
