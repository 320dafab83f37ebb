"""Seeded histories of the bus, 25,000 or ``CBUS_SIMULATION_HISTORIES``; others beside; those that failed once.

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
from tests.simulation.runner import begin_worker, play, play_chunk

HISTORIES = int(os.environ.get("CBUS_SIMULATION_HISTORIES", "25000"))
FIRST_SEED = int(os.environ.get("CBUS_SIMULATION_FIRST_SEED", "0"))
SHARES = {"bus": 1.0, "bus-long": 0.02, "bus-sqlite": 0.001, "counter": 0.1, "counter-sqlite": 0.02}
"""How many there are of each kind for each one asked for: those asked for are of router, SLA and composer together."""
CHUNK = 500


def _chunks() -> list[tuple[str, int, int]]:
    chunks = []
    for kind, share in SHARES.items():
        end = FIRST_SEED + max(1, round(HISTORIES * share))
        chunks += [(kind, start, min(start + CHUNK, end)) for start in range(FIRST_SEED, end, CHUNK)]
    return sorted(chunks, key=lambda chunk: chunk[0] == "bus")  # one chunk of long ones must not be the last to end


@pytest.mark.slow
def test_every_promise_is_kept_in_every_history(capsys: pytest.CaptureFixture[str]) -> None:
    chunks = _chunks()
    started = time.monotonic()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=spawn, initializer=begin_worker) as pool:
        failures = [failure for found in pool.map(play_chunk, chunks) for failure in found]
    took = time.monotonic() - started
    counts = {kind: sum(end - start for name, start, end in chunks if name == kind) for kind in SHARES}
    ran = sum(counts.values())
    told = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    with capsys.disabled():
        print(f"\nsimulation: {ran} histories in {took:.0f} s ({ran / took:.0f}/s): {told}")  # noqa: T201
    assert not failures, "\n".join(failures[:20])
    assert counts["bus"] >= HISTORIES


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
    max_examples=100, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
