"""``python -m services.notifier``."""

from __future__ import annotations

import sys

from services.notifier.bootstrap import main
from shared.observability.process import run_service

if __name__ == "__main__":
    sys.exit(run_service("notifier", main))
