"""Killing a run of the simulation leaves no worker behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

from deploy.local.polling import wait_until

PROGRAM = textwrap.dedent(
    """
    import multiprocessing, os, time
    from concurrent.futures import ProcessPoolExecutor
    from tests.simulation.runner import begin_worker

    def tell(_):
        print(os.getpid(), flush=True)
        time.sleep(600)

    if __name__ == "__main__":
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(2, mp_context=spawn, initializer=begin_worker) as pool:
            list(pool.map(tell, range(2)))
    """
)


def test_workers_end_when_the_run_is_killed(tmp_path: Path) -> None:
    program = tmp_path / "run.py"
    program.write_text(PROGRAM, encoding="utf-8")
    run = subprocess.Popen(
        [sys.executable, str(program)], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": os.getcwd()}
    )
    assert run.stdout is not None
    workers = [int(run.stdout.readline()) for _ in range(2)]
    run.send_signal(signal.SIGKILL)
    run.wait()
    run.stdout.close()
    wait_until(lambda: not any(map(_lives, workers)), "the workers to end", timeout_seconds=10)


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state.rpartition(")")[2].split()[0] != "Z"
