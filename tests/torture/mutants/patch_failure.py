"""A mutant that falls over its own patch breaks no rule of the product: such a run must not count as a catch."""

from __future__ import annotations

from pathlib import Path

_SIGNS = ("tests/torture/mutants/patches/", "tests/torture/mutants/process.py")
_TRACEBACK = "Traceback (most recent call last)"


def patch_failure(logs: Path) -> str:
    """The end of the first log below ``logs`` that shows an error raised by a patch; empty if there is none.

    An error of the product that passes through a patch ends in the product, so the innermost frame decides.
    """
    for log in sorted(logs.glob("*.log")):
        for trace in log.read_text(errors="replace").split(_TRACEBACK)[1:]:
            frames = [line for line in trace.splitlines() if line.lstrip().startswith('File "')]
            if frames and any(sign in frames[-1] for sign in _SIGNS):
                return f"{log.name}: {frames[-1].strip()}"
    return ""
