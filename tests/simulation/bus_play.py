"""Histories of the bus by seed: many short ones of a case or two, and long ones of three."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from tests.simulation import bus_invariants
from tests.simulation.bus_history import CASES, BusHistory
from tests.simulation.bus_inputs import Inputs
from tests.simulation.choices import Choices
from tests.simulation.disks import disks

LONGEST_PAUSE = timedelta(days=12)


class Length(NamedTuple):
    """How much happens in a history: cases and steps, from fewest to most, and the days that go by at its end."""

    cases: tuple[int, int]
    steps: tuple[int, int]
    pauses_days: tuple[int, ...]


SHORT = Length((1, 2), (5, 25), (60, 60))
LONG = Length((3, 3), (15, 60), (60, 1, 60, 1))
_SHARE_OF_CALM_STARTS = 0.6


def play(seed: int, root: Path, happened: list[str], *, length: Length = SHORT, sqlite: bool = False) -> BusHistory:
    """The history of ``seed``, to its end, told in ``happened``; AssertionError when a promise was broken."""
    history = BusHistory(root, seed)
    world = history.world
    world.happened = happened
    choices = Choices(seed, world, furthest_effect=30, longest_pause=LONGEST_PAUSE, batches=(3, 10, 1000))
    random = choices.random
    history.cases = random.sample(CASES, random.randint(*length.cases))
    world.on_input = Inputs(history, random).draw
    with disks(world.about_to, sqlite=sqlite):
        history.submit(history.cases[0], "0" * 64)
        choices.begin(random.randint(1, 3))
        if random.random() < _SHARE_OF_CALM_STARTS:
            choices.calm_start()
        choices.steps(random.randint(*length.steps))
        history.finish(length.pauses_days)
        bus_invariants.check(history)
    return history
