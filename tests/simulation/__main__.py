"""``python -m tests.simulation KIND SEED``: one history, told step by step, and whether every promise was kept."""

from __future__ import annotations

import sys
import tempfile
import traceback
from pathlib import Path

from tests.simulation.runner import KINDS, play, silence_logs


def main() -> int:
    """Play one history; exit code 1 when a promise was broken, 2 when it was asked for wrongly."""
    try:
        kind, seed = _asked_for(sys.argv[1:])
    except ValueError:
        sys.stderr.write(f"usage: python -m tests.simulation {'|'.join(KINDS)} SEED\n")
        return 2
    silence_logs()
    happened: list[str] = []
    with tempfile.TemporaryDirectory(prefix="cbus-simulation-") as root:
        failure = play(kind, seed, Path(root), happened)
    sys.stdout.write("\n".join(happened) + "\n")
    if failure is not None:
        traceback.print_exception(failure.error)
        return 1
    sys.stdout.write("every promise was kept\n")
    return 0


def _asked_for(arguments: list[str]) -> tuple[str, int]:
    """Kind and seed; ValueError when that is not what was given."""
    kind, seed = arguments
    if kind not in KINDS:
        raise ValueError(kind)
    return kind, int(seed)


if __name__ == "__main__":
    sys.exit(main())
