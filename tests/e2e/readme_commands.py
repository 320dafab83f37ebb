"""The commands the README prints, block by block, as a reader would paste them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[2]
README = PROJECT_ROOT / "README.md"
_FENCE = re.compile(r"^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROGRAMS = ("make", "source", "cbus", "curl", "echo", "python")


@dataclass(frozen=True, slots=True)
class Command:
    """One command with its comment cut off; ``printed`` is the whole of it as it stands."""

    printed: str

    @property
    def line(self) -> str:
        """What is run."""
        return re.sub(r"\s+#.*$", "", self.printed)


def readme_blocks() -> list[list[Command]]:
    """The commands of every fenced block that holds any."""
    blocks = [_commands(block) for block in _FENCE.findall(README.read_text(encoding="utf-8"))]
    return [block for block in blocks if block]


def _commands(block: str) -> list[Command]:
    lines = block.replace("\\\n", " ").splitlines()
    return [Command(line) for line in lines if line.split(" ", 1)[0] in _PROGRAMS]


def block_with(start: str) -> list[Command]:
    """The one block that has a command beginning so."""
    (found,) = (block for block in readme_blocks() if any(command.line.startswith(start) for command in block))
    return found


def named_paths() -> set[str]:
    """Files and directories of the checkout that the README names in code spans."""
    spans = re.findall(r"`([^`\n]+)`", README.read_text(encoding="utf-8").replace("```", ""))
    starts = ("deploy/", "docs/", "services/", "shared/", "tests/")
    return {span for span in spans if span.startswith(starts) and " " not in span and "<" not in span}
