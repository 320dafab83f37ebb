"""The README's commands, run one by one as they are printed, on real servers.

Replaced: ``TICKET`` and ``COMPLAINT_ID`` by those of the answer before, ``.venv`` by the environment the tests run in,
port 8080 by the one that was taken where another program has it. What runs for minutes is not run but looked at:
whether the target is there, and whether the program it starts knows the options. Those are the two targets of the first
block, ``make torture`` and the mutants, which have tests of their own.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.readme_commands import PROJECT_ROOT, Command, block_with, named_paths, readme_blocks
from tests.support.process_tree import gone_within

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

READING = 3
"""Exit code of ``cbus audit`` while the auditor still reads; the README says so."""


class Shell:
    """A reader's shell in the checkout, with a temporary directory and a stack file of its own."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CBUS_")},
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "TMPDIR": str(directory),
            "CBUS_STACK_FILE": str(directory / "stack.json"),
        }
        self.replaced = {".venv/": f"{sys.prefix}/"}

    def command(self, command: Command) -> str:
        """What is run: as printed, with what only a reader can know filled in."""
        line = command.line
        for word, here in self.replaced.items():
            line = line.replace(word, here)
        return line

    def run(self, command: Command) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        return subprocess.run(
            ["bash", "-c", self.command(command)],
            cwd=PROJECT_ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def stack(self) -> dict[str, Any]:
        """What is noted of the running stack."""
        noted: dict[str, Any] = json.loads((self._directory / "stack.json").read_text())
        return noted


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def stopped_at_the_end(shell: Shell) -> Iterator[None]:
    """A detached stack does not outlive a failed test."""
    yield
    try:
        pid = int(shell.stack()["pid"])
    except FileNotFoundError:
        return
    os.kill(pid, signal.SIGTERM)
    gone_within({pid}, 60)


def learn(shell: Shell, printed: str) -> None:
    """Keep what the answers tell and later commands need."""
    for name, word in (("ticket_number", "TICKET"), ("complaint_id", "COMPLAINT_ID")):
        found = re.search(rf'"{name}": ?"([^"]+)"', printed)
        if found is not None and word not in shell.replaced:
            shell.replaced[word] = found[1]


@pytest.mark.usefixtures("stopped_at_the_end")
def test_the_whole_bus_to_oneself(shell: Shell) -> None:
    told: dict[str, str] = {}
    for command in block_with("cbus up --services"):
        done = shell.run(command)
        expected = {0, READING} if command.line == "cbus audit" else {0}
        assert done.returncode in expected, f"{command.line}\n{done.stdout}{done.stderr}"
        told[command.line.split(" -")[0]] = done.stdout
        if command.line.startswith("cbus up"):
            port = shell.stack()["environment"]["CBUS_HTTP__PORT"]
            shell.replaced["localhost:8080"] = f"localhost:{port}"
        learn(shell, done.stdout)
    said = {name.replace(" TICKET", ""): text for name, text in told.items()}
    assert "complaint.submitted.v1" in said["cbus trace"]
    assert "assignment.dispatched.v1" in said["cbus dept product-safety tail"]
    assert "Traceback" not in "".join(told.values())


def test_one_service_in_a_terminal_of_its_own(shell: Shell) -> None:
    up, service = block_with("cbus run")
    starts = (up, "running; Ctrl-C stops it"), (service, "started")
    running = []
    try:
        for command, said in starts:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {shell.command(command)}"],
                cwd=PROJECT_ROOT,
                env={**shell.environment, "CBUS_HTTP__PORT": "0"},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            running.append(process)
            assert process.stderr is not None
            assert any(said in line for line in process.stderr), f"{command.line} ended"
        for process in reversed(running):
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
            assert process.returncode == 0
    finally:
        for process in running:
            process.kill()


def test_a_decision_without_a_bus(shell: Shell) -> None:
    answers = []
    for command in block_with("cbus route"):
        done = shell.run(command)
        assert done.returncode == 0, f"{command.line}\n{done.stderr}"
        answers.append(done.stdout)
    routed, classified, due = answers
    assert all("lead" in json.loads(line) for line in routed.splitlines())
    assert json.loads(classified)["category"]
    assert "2026-10-10" in due, "the first week of October is a holiday"


def test_breaking_it_yourself(shell: Shell) -> None:
    torture, mutants, simulation = block_with("make torture")
    done = shell.run(simulation)
    assert done.returncode == 0, done.stderr
    check_a_target(shell, torture)
    check_options(shell, mutants.line)


def test_the_two_targets_that_do_everything(shell: Shell) -> None:
    commands = block_with("make demo")
    assert [command.line for command in commands] == ["make demo", "make test"]
    for command in commands:
        check_a_target(shell, command)


def check_a_target(shell: Shell, command: Command) -> None:
    """The target is there, and what it would run last knows its options."""
    options = "make --no-print-directory --dry-run --always-make "  # no word of make's own, under another make either
    dry = shell.run(Command(command.line.replace("make ", options, 1)))
    assert dry.returncode == 0, dry.stderr
    runs = [line for line in dry.stdout.splitlines() if line.strip()]
    assert runs, f"{command.line} does nothing"
    check_options(shell, runs[-1])


def check_options(shell: Shell, line: str) -> None:
    """Every option in ``line`` is in the program's help."""
    words = line.split()
    program = words[: next((at for at, word in enumerate(words) if word.startswith("--")), len(words))]
    offered = shell.run(Command(" ".join([*program, "--help"])))
    assert offered.returncode == 0, f"{line}\n{offered.stderr}"
    options = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert not [option for option in options if option not in offered.stdout], f"{line}\n{offered.stdout}"


def test_no_block_was_forgotten() -> None:
    """A new block of commands needs a test here."""
    known = ("make demo", "cbus up --services", "cbus run", "cbus route", "make torture")
    assert readme_blocks() == [block_with(start) for start in known]


def test_every_path_the_readme_names_is_there() -> None:
    absent = [path for path in named_paths() if not list(PROJECT_ROOT.glob(path.rstrip("/")))]
    absent = [path for path in absent if not list(PROJECT_ROOT.glob(f"{path}*"))]
    assert absent == []
