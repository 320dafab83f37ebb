"""A batch: JSON Lines in, one result per line out, in order.

Lines are worked on while the body still arrives, some hundred at a time, but answered only when it has arrived: a
client that sends everything before it reads could otherwise block on us while we block on it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from dataclasses import dataclass

from services.intake.channels.http.lines import LineCutter
from services.intake.channels.http.parsing import parse_complaint
from services.intake.channels.http.problems import to_json, to_problem
from services.intake.channels.http.request_body import BodyRefused
from services.intake.complaint_door import ComplaintDoor
from services.intake.domain.refusal import DoorRefusal, RefusalReason
from shared.events.envelope import new_traceparent
from shared.language import Language


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """What one batch may ask for."""

    max_line_bytes: int
    max_lines: int
    concurrency: int


class BatchIntake:
    """Takes in one batch after another through the door that single submissions use."""

    def __init__(self, door: ComplaintDoor, limits: BatchLimits) -> None:
        self._door = door
        self._limits = limits

    async def take_in(
        self, body: AsyncIterable[bytes], traceparent: str | None, language: Language
    ) -> Sequence[asyncio.Task[bytes]]:
        """Start every line of ``body``; the tasks' results are the answer's lines. Raises BodyRefused.

        When the body is refused half-way, the lines before are finished first; what they did stays done.
        """
        slots = asyncio.Semaphore(self._limits.concurrency)
        tasks: list[asyncio.Task[bytes]] = []
        try:
            async for number, line in self._numbered(body):
                await slots.acquire()
                task = asyncio.create_task(self._answer(number, line, traceparent, language))
                task.add_done_callback(lambda _: slots.release())
                tasks.append(task)
        except BodyRefused:
            await asyncio.gather(*tasks, return_exceptions=True)
            raise
        if not tasks:
            raise BodyRefused(DoorRefusal(RefusalReason.EMPTY_BATCH))
        return tasks

    async def _numbered(self, body: AsyncIterable[bytes]) -> AsyncIterator[tuple[int, bytes | None]]:
        """Lines that are not blank, with their number from 1."""
        number = 0
        async for line in _lines(body, LineCutter(self._limits.max_line_bytes)):
            number += 1
            if number > self._limits.max_lines:
                raise BodyRefused(DoorRefusal(RefusalReason.TOO_LARGE))
            if line is None or line.strip():
                yield number, line

    async def _answer(self, number: int, line: bytes | None, traceparent: str | None, language: Language) -> bytes:
        if line is None:
            return _refused(number, DoorRefusal(RefusalReason.TOO_LARGE), language)
        parsed = parse_complaint(line, None, own_id_required=True)
        outcome = await self._door.take_in(parsed, traceparent or new_traceparent())
        if isinstance(outcome, DoorRefusal):
            return _refused(number, outcome, language)
        return to_json({"line": number, "status": 202, **outcome.model_dump(mode="json")}) + b"\n"


async def _lines(body: AsyncIterable[bytes], cutter: LineCutter) -> AsyncIterator[bytes | None]:
    async for piece in body:
        for line in cutter.feed(piece):
            yield line
    for line in cutter.finish():
        yield line


def _refused(number: int, refusal: DoorRefusal, language: Language) -> bytes:
    problem = to_problem(refusal, language)
    again = {} if refusal.retry_after_seconds is None else {"retry_after_seconds": refusal.retry_after_seconds}
    return to_json({"line": number, "status": problem["status"], **again, "problem": problem}) + b"\n"
