"""A hundred thousand seeded histories (or ``CBUS_SIMULATION_HISTORIES``), and those that failed once.

A failure names kind and seed: ``python -m tests.simulation KIND SEED`` plays it again, step by step.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.simulation.machines import BusMachine, CounterMachine
from tests.simulation.regressions import REGRESSIONS
from tests.simulation.runner import play, play_chunk, silence_logs

HISTORIES = int(os.environ.get("CBUS_SIMULATION_HISTORIES", "100000"))
FIRST_SEED = int(os.environ.get("CBUS_SIMULATION_FIRST_SEED", "0"))
SHARES = {"counter": 0.96, "counter-sqlite": 0.02, "bus": 0.019, "bus-sqlite": 0.001}
"""Most histories are of the engine alone, which are ten times as fast as those of the whole bus."""
CHUNK = 500


def _chunks() -> list[tuple[str, int, int]]:
    chunks = []
    for kind, share in SHARES.items():
        end = FIRST_SEED + max(1, round(HISTORIES * share))
        chunks += [(kind, start, min(start + CHUNK, end)) for start in range(FIRST_SEED, end, CHUNK)]
    return sorted(chunks, key=lambda chunk: chunk[0])  # the bus first: its chunks take longest


@pytest.mark.slow
def test_every_promise_is_kept_in_every_history(capsys: pytest.CaptureFixture[str]) -> None:
    chunks = _chunks()
    started = time.monotonic()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=spawn, initializer=silence_logs) as pool:
        failures = [failure for found in pool.map(play_chunk, chunks) for failure in found]
    took = time.monotonic() - started
    counts = {kind: sum(end - start for name, start, end in chunks if name == kind) for kind in SHARES}
    ran = sum(counts.values())
    with capsys.disabled():
        print(f"\nsimulation: {ran} histories in {took:.0f} s ({ran / took:.0f}/s): {counts}")  # noqa: T201
    assert not failures, "\n".join(failures[:20])
    assert ran >= HISTORIES


@pytest.mark.parametrize(("kind", "seed"), [(kind, seed) for kind, seeds in REGRESSIONS.items() for seed in seeds])
def test_what_failed_once_is_kept_now(kind: str, seed: int) -> None:
    with tempfile.TemporaryDirectory(prefix="cbus-simulation-") as root:
        failure = play(kind, seed, Path(root))
    assert failure is None, str(failure)


TestCounterUnderFaults = CounterMachine.TestCase
TestCounterUnderFaults.settings = settings(
    max_examples=150, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

TestBusUnderFaults = BusMachine.TestCase
TestBusUnderFaults.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
