"""A service with a mutant inside: ``python -m tests.torture.mutants.process``.

``TORTURE_MUTANT`` and ``TORTURE_SERVICE`` say which. The patch is put in place first, then the service's own
``__main__`` runs as ever. A patch that does not fit ends the process with a code of its own, so that nobody takes
that for a mutant that was caught.
"""

from __future__ import annotations

import os
import runpy
import sys
import traceback

from tests.torture.mutants.registry import MUTANTS

MUTANT_VARIABLE = "TORTURE_MUTANT"
SERVICE_VARIABLE = "TORTURE_SERVICE"
PATCH_DOES_NOT_FIT = 70


def main() -> None:
    """Patch, then become the service."""
    mutant = MUTANTS[os.environ[MUTANT_VARIABLE]]
    try:
        mutant.load_patch()()
    except Exception:
        traceback.print_exc()
        sys.exit(PATCH_DOES_NOT_FIT)
    print(f"mutant {mutant.name} is in place", file=sys.stderr, flush=True)  # noqa: T201
    runpy.run_module(os.environ[SERVICE_VARIABLE], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
