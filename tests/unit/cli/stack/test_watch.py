"""A broker that ends by itself ends the command over it, which then says why."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.cli.console.stopping import StopAsked, StopSignals
from services.cli.stack.watch import StackEnded, problem_of, watching


@dataclass
class Node:
    """A broker that is ended by hand."""

    directory: Path
    is_alive: bool = True

    @property
    def log_path(self) -> Path:
        """Its log."""
        return self.directory / "broker.log"


@pytest.mark.parametrize(
    ("log", "told"),
    [
        ("java.io.IOException: No space left on device", "the disk of"),
        ("java.io.IOException: File too large", "the disk of"),
        ("killed", "was it killed"),
    ],
)
def test_a_wait_over_a_broker_that_ended_is_ended_with_its_reason(log: str, told: str, tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.log_path.write_text(log)
    with pytest.raises(StackEnded, match=told):
        wait_over(node, polite=True)


def test_a_wait_that_is_not_polite_is_ended_too(tmp_path: Path) -> None:
    node = Node(tmp_path, is_alive=False)
    with pytest.raises(StackEnded) as told:
        wait_over(node, polite=False)
    assert isinstance(told.value.__context__, StopAsked)


def wait_over(node: Node, *, polite: bool) -> None:
    """As a command waits: for the polite signal, or for something that does not hear it."""
    with StopSignals() as signals, watching([node]), signals.politely() as asked:
        threading.Timer(0.1, lambda: setattr(node, "is_alive", False)).start()
        assert (asked if polite else threading.Event()).wait(10)


def test_nothing_is_said_of_brokers_that_run(tmp_path: Path) -> None:
    assert problem_of([Node(tmp_path)]) is None
    with watching([Node(tmp_path)]):
        pass


def test_an_error_of_the_command_stays_its_own_while_the_broker_runs(tmp_path: Path) -> None:
    with pytest.raises(LookupError), watching([Node(tmp_path)]):
        raise LookupError
