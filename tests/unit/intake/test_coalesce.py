"""Questions asked together travel together, each gets its own answer, and a failure reaches only its own batch."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from services.intake.memory.coalesce import Coalescer


class Server:
    """Doubles numbers, notes the batches, and fails on a batch with 13 in it."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []

    async def ask_together(self, numbers: Sequence[int]) -> Sequence[int]:
        self.batches.append(list(numbers))
        await asyncio.sleep(0.005)
        if 13 in numbers:
            raise OSError("unlucky")
        return [number * 2 for number in numbers]


def test_each_asker_gets_its_own_answer_in_few_batches() -> None:
    async def scenario() -> None:
        server = Server()
        coalescer = Coalescer(server.ask_together, largest=40)
        assert await asyncio.gather(*(coalescer.ask(n) for n in range(20, 120))) == [n * 2 for n in range(20, 120)]
        assert [len(batch) for batch in server.batches] == [40, 40, 20]

    asyncio.run(scenario())


def test_a_failed_batch_fails_its_askers_and_nobody_else() -> None:
    async def scenario() -> None:
        coalescer = Coalescer(Server().ask_together)
        unlucky = [asyncio.create_task(coalescer.ask(n)) for n in (12, 13)]
        await asyncio.sleep(0.001)
        lucky = asyncio.create_task(coalescer.ask(14))
        outcomes = await asyncio.gather(*unlucky, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [OSError, OSError]
        assert await lucky == 28
        assert await coalescer.ask(1) == 2

    asyncio.run(scenario())


def test_an_asker_who_leaves_does_not_disturb_the_others() -> None:
    async def scenario() -> None:
        coalescer = Coalescer(Server().ask_together)
        leaving, staying = (asyncio.create_task(coalescer.ask(n)) for n in (1, 2))
        await asyncio.sleep(0.001)
        leaving.cancel()
        assert await staying == 4
        with pytest.raises(asyncio.CancelledError):
            await leaving

    asyncio.run(scenario())
