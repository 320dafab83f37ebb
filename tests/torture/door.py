"""One request to the HTTP door, noted before and after. Nothing is raised: whatever goes wrong is an outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from tests.torture.ledger import Kind, Ledger, Outcome, body_bytes, outcome_of_status, sha256
from tests.torture.submissions import Submission

TIMEOUT_SECONDS = 7.0  # the door answers 503 within five


@dataclass(frozen=True)
class Answer:
    """What the door said. ``query_code`` lives in memory only."""

    outcome: Outcome
    status: int | None = None
    complaint_id: str | None = None
    query_code: str | None = None


class Door:
    """A client of all instances of intake; used by one thread."""

    def __init__(self, urls: Sequence[str], ledger: Ledger, first: int) -> None:
        self._urls = list(urls)
        self._turn = first
        self._ledger = ledger
        self._client = httpx.Client(timeout=TIMEOUT_SECONDS)

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
        return self._post(number, kind, "/v1/complaints", content, {"Idempotency-Key": submission.key})

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
        return self._post(number, Kind.MESSAGE, path, body, {"Idempotency-Key": key, "Query-Code": query_code})

    def _post(self, number: int, kind: Kind, path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Answer:
        self._turn += 1
        url = self._urls[self._turn % len(self._urls)] + path
        try:
            response = self._client.post(
                url, content=body_bytes(body), headers={"Content-Type": "application/json", **headers}
            )
        except httpx.ConnectError:  # no connection, so no request: it cannot have been accepted
            self._ledger.answer(number, kind, Outcome.FAIL, error="ConnectError")
            return Answer(Outcome.FAIL)
        except httpx.HTTPError as error:
            self._ledger.answer(number, kind, Outcome.INFO, error=type(error).__name__)
            return Answer(Outcome.INFO)
        return self._note(number, kind, response)

    def _note(self, number: int, kind: Kind, response: httpx.Response) -> Answer:
        outcome = outcome_of_status(response.status_code)
        told = response.json() if outcome is Outcome.OK else {}
        receipt = {name: told[name] for name in ("complaint_id", "ticket_number", "event_id") if name in told}
        self._ledger.answer(number, kind, outcome, status=response.status_code, **receipt)
        return Answer(outcome, response.status_code, told.get("complaint_id"), told.get("query_code"))
