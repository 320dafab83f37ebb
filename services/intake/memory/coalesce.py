"""Concurrent questions to one server travel together: while one batch is away, the next one gathers.

At a thousand submissions a second this is what keeps Redis from costing more than Kafka; alone, a question waits for
nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

QuestionT = TypeVar("QuestionT")
AnswerT = TypeVar("AnswerT")


class Coalescer(Generic[QuestionT, AnswerT]):
    """Hands questions to ``ask_together`` in batches of at most ``largest``, one batch at a time.

    ``ask_together`` returns one answer per question, in order; what it raises is raised to each asker of its batch.
    """

    def __init__(
        self, ask_together: Callable[[Sequence[QuestionT]], Awaitable[Sequence[AnswerT]]], largest: int = 500
    ) -> None:
        self._ask_together = ask_together
        self._largest = largest
        self._waiting: list[tuple[QuestionT, asyncio.Future[AnswerT]]] = []
        self._worker: asyncio.Task[None] | None = None

    async def ask(self, question: QuestionT) -> AnswerT:
        """The answer to one question."""
        answer: asyncio.Future[AnswerT] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.ensure_future(self._work())
        return await answer

    async def _work(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._largest], self._waiting[self._largest :]
            await self._ask_batch(batch)

    async def _ask_batch(self, batch: Sequence[tuple[QuestionT, asyncio.Future[AnswerT]]]) -> None:
        try:
            answers = await self._ask_together([question for question, _ in batch])
        except Exception as error:
            for _, waiting in batch:
                if not waiting.done():
                    waiting.set_exception(error)
            return
        for (_, waiting), answer in zip(batch, answers, strict=True):
            if not waiting.done():
                waiting.set_result(answer)
