"""What a mutant is: a rule of the design, and the patch that takes it out of a running service."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

PATCHES = "tests.torture.mutants.patches"


class Arena(StrEnum):
    """Where a mutant has to show itself."""

    BUS = "bus"
    COUNTER = "counter"
    """The engine with a tiny processor, on a real broker: for races that a whole bus meets too seldom."""


@dataclass(frozen=True)
class Mutant:
    """One safety rule switched off.

    ``rule`` says where the design states it; ``removes`` what is done instead; ``plan`` names the course of a run
    (``plans`` for the bus, ``counter_trial`` for the counter) that must expose it; ``patch`` is ``module:function``
    below ``patches``; ``services`` are the processes it goes into. ``delays``: its harm is time lost, so a late
    recovery exposes it; of any other mutant being late says nothing.
    """

    name: str
    rule: str
    removes: str
    plan: str
    patch: str
    services: tuple[str, ...]
    arena: Arena = Arena.BUS
    delays: bool = False

    def load_patch(self) -> Callable[[], None]:
        """The function that puts this mutant in place. Imports what it replaces, services too."""
        module, _, function = self.patch.partition(":")
        patch: Callable[[], None] = getattr(importlib.import_module(f"{PATCHES}.{module}"), function)
        return patch
