"""A torture run cut down to what shows a mutant: less patience at the drain, and no auditor.

The auditor writes a lost complaint again, which is its task in production and would hide here what a mutant does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from unittest.mock import patch

from tests.torture.load import client as load
from tests.torture.mutants.plans import Course
from tests.torture.nemesis.instances import INSTANCES
from tests.torture.run import drain, phases
from tests.torture.run.phases import Run

AUDITOR = "auditor"
SHORT_INSTANCES: Mapping[str, int] = {name: count for name, count in INSTANCES.items() if name != AUDITOR}
DRAIN_SECONDS = 30.0
"""A course is small; what is not read by then never will be."""


class ShortRun(Run):
    """A run without an auditor to ask."""

    def _describe(self) -> None:
        super()._describe()
        self.directory.update_run(instances=dict(SHORT_INSTANCES))

    def _audit(self) -> None:
        """Nobody is there to be asked."""


@contextmanager
def tuned(course: Course) -> Iterator[None]:
    """The harness with less patience, with groups that are there, and with this course's share of poison."""
    with (
        patch.object(phases, "DRAIN_SECONDS", DRAIN_SECONDS),
        patch.object(phases, "inputs_of_groups", _inputs_of_groups),
        patch.object(load, "POISON_SHARE", course.poison_share),
    ):
        yield


def _inputs_of_groups(departments: Sequence[str]) -> dict[str, tuple[str, ...]]:
    inputs = drain.inputs_of_groups(departments)
    return {group: topics for group, topics in inputs.items() if not group.startswith(AUDITOR)}
