"""What runs beside the door: when it dies, intake ends instead of leaving the door as it stands."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from redis.asyncio import Redis

from services.intake.bootstrap import build
from services.intake.settings import IntakeSettings
from shared.events.topics import RECEIVED
from shared.streaming.memory import MemoryBroker


@pytest.mark.parametrize("dies", [True, False])
def test_a_watch_over_the_cluster_that_dies_ends_the_process(tmp_path: Path, dies: bool) -> None:
    async def scenario() -> bool:
        settings = IntakeSettings(development=True, state_dir=tmp_path)
        intake = build(settings, broker=MemoryBroker({RECEIVED: 2}), redis=Redis.from_url("redis://127.0.0.1:1/0"))
        watched = intake._cluster.run

        async def run() -> None:
            if dies:
                raise RuntimeError("a defect")
            await watched()

        intake._cluster.run = run  # type: ignore[method-assign]
        await intake.start()
        await asyncio.sleep(0)
        was_told = intake.fatal.is_set()
        await intake.stop()
        return was_told or intake.fatal.is_set()

    assert asyncio.run(scenario()) is dies
