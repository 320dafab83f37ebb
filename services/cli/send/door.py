"""Posts submissions to intake's HTTP door as an honest sender: the same key on every try, no faster than asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx

from services.cli.send.answers import DoorAnswer, Failed, NotYet, read_answer
from shared.backoff import wait_after

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.25, 5.0
_REQUEST_TIMEOUT = httpx.Timeout(15.0, connect=3.0)


class IntakeClient:
    """Keeps ``connections`` open to the door at ``url``. ``stop`` ends waiting between tries."""

    def __init__(
        self,
        url: str,
        *,
        connections: int,
        give_up_after_seconds: float,
        language: str,
        stop: asyncio.Event,
        jitter: Callable[[], float],
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._give_up_after_seconds = give_up_after_seconds
        self._stop = stop
        self._jitter = jitter
        self._http = httpx.AsyncClient(
            base_url=url,
            timeout=_REQUEST_TIMEOUT,
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            headers={"Accept-Language": language, "Content-Type": "application/json"},
            transport=transport,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def submit(self, document: dict[str, Any], key: str | None) -> DoorAnswer:
        """Post until there is a clear answer, the time is over, or ``stop`` is set."""
        body = json.dumps(document, ensure_ascii=True).encode()  # ASCII: what is not Unicode text is the door's to name
        headers = {} if key is None else {"Idempotency-Key": key}
        clock = asyncio.get_running_loop().time
        give_up_at = clock() + self._give_up_after_seconds
        failures = 0
        while True:
            answer = await self._try(body, headers)
            if not isinstance(answer, NotYet):
                return answer
            failures += 1
            pause = wait_after(failures, _FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
            wait = (answer.wait_seconds or pause) * (1 + self._jitter() / 2)
            if clock() + wait > give_up_at or await self._stopped_within(wait):
                return Failed(answer.reason)

    async def _try(self, body: bytes, headers: dict[str, str]) -> DoorAnswer | NotYet:
        try:
            answer = await self._http.post("/v1/complaints", content=body, headers=headers)
        except httpx.TransportError as error:
            return NotYet(f"no answer from {self._http.base_url} ({type(error).__name__})")
        return read_answer(answer.status_code, answer.content, answer.headers.get("retry-after", ""))

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            return False
        return True
