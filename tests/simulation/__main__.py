"""``python -m tests.simulation counter|bus SEED``: one history, step by step."""

from __future__ import annotations

import sys
import tempfile
import traceback
from pathlib import Path

from tests.simulation.runner import play, silence_logs


def main() -> int:
    """Play one history; exit code 1 when a promise was broken."""
    kind, seed = sys.argv[1], int(sys.argv[2])
    silence_logs()
    with tempfile.TemporaryDirectory(prefix="cbus-simulation-") as root:
        failure = play(kind, seed, Path(root))
    if failure is not None:
        sys.stdout.write("\n".join(failure.happened) + "\n")
        traceback.print_exception(failure.error)
        return 1
    sys.stdout.write("every promise was kept\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
