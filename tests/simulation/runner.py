"""Many histories by their seeds, quietly and fast; what failed is told by its seed."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import structlog

from tests.simulation import bus_play, counter_history
from tests.simulation.orphans import end_with_parent


@dataclass(frozen=True)
class Failure:
    """A broken promise: the seed that breaks it, and how."""

    seed: int
    error: BaseException

    def __str__(self) -> str:
        return f"seed {self.seed}: {type(self.error).__name__}: {self.error}"


KINDS: dict[str, Callable[[int, Path, list[str]], object]] = {
    "counter": lambda seed, root, told: counter_history.play(seed, root, told),
    "counter-sqlite": lambda seed, root, told: counter_history.play(seed, root, told, sqlite=True),
    "bus": lambda seed, root, told: bus_play.play(seed, root, told),
    "bus-long": lambda seed, root, told: bus_play.play(seed, root, told, length=bus_play.LONG),
    "bus-sqlite": lambda seed, root, told: bus_play.play(seed, root, told, length=bus_play.LONG, sqlite=True),
}
"""Kinds of histories by name."""


def silence_logs(for_good: bool = False) -> None:
    """Thousands of processes have nothing to tell anybody; ``for_good`` spares each loggers that ask again."""
    silent = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=silent, cache_logger_on_first_use=for_good)


def begin_worker() -> None:
    """What a worker of a pool does first."""
    end_with_parent()
    silence_logs(for_good=True)


def play(kind: str, seed: int, root: Path, happened: list[str] | None = None) -> Failure | None:
    """Play one history, told in ``happened``; None when every promise was kept."""
    told = [] if happened is None else happened
    try:
        KINDS[kind](seed, root, told)
    except Exception as error:
        return Failure(seed, error)
    return None


def play_all(kind: str, seeds: Iterable[int], root: Path) -> list[Failure]:
    """Play many; those that failed."""
    failures = (play(kind, seed, root / str(seed)) for seed in seeds)
    return [failure for failure in failures if failure is not None]


def play_chunk(chunk: tuple[str, int, int]) -> list[str]:
    """Play the seeds from the second number up to the third; what failed, told so that it can be played again."""
    kind, start, end = chunk
    shared_memory = Path("/dev/shm")  # noqa: S108  # a directory is made in it
    with tempfile.TemporaryDirectory(
        prefix="cbus-simulation-", dir=shared_memory if shared_memory.is_dir() else None
    ) as root:
        return [f"{kind} {failure}" for failure in play_all(kind, range(start, end), Path(root))]
