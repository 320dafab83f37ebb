"""``python -m services.auditor``."""

from __future__ import annotations

import sys

from services.auditor.bootstrap import main
from shared.observability.process import run_service

if __name__ == "__main__":
    sys.exit(run_service("auditor", main))
