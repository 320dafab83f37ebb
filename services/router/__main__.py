"""``python -m services.router``."""

from __future__ import annotations

import sys

from services.router.bootstrap import main
from shared.observability.process import run_service

if __name__ == "__main__":
    sys.exit(run_service("router", main))
