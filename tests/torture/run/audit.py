"""What the auditor says when all is read: asked as an operator asks it, with ``cbus audit --json``.

Nothing may be judged before the auditor has read everything and has waited long enough to call what is missing a hole.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from deploy.local.service_process import PROJECT_ROOT
from services.cli.audit.command import NO_VERDICT_YET

ASK_SECONDS = 600.0
LOOK_AGAIN_SECONDS = 2.0
MARGIN_SECONDS = 10.0
"""What an announcement may take beyond the auditor's patience: its timers run between two batches."""

Document = dict[str, Any]


def wait_for_verdict(ask: Callable[[], Document], patience_seconds: float, progress: Callable[[str], None]) -> Document:
    """Ask until nothing is unread and nothing is pending, or the auditor has had time to call it a hole.

    ``patience_seconds``: the auditor's patience in seconds of the machine's clock. The last answer.
    """
    deadline = time.monotonic() + patience_seconds + MARGIN_SECONDS
    while True:
        is_last = time.monotonic() >= deadline
        try:
            document = ask()
        except RuntimeError as error:
            if is_last:
                raise
            progress(str(error))  # a broker that cannot answer now
            time.sleep(LOOK_AGAIN_SECONDS)
            continue
        if is_last or is_final(document):
            return document
        progress(f"auditor: {document['unread_records']} unread, {pending(document)} pending")
        time.sleep(LOOK_AGAIN_SECONDS)


def is_final(document: Mapping[str, Any]) -> bool:
    """Whether waiting would change nothing."""
    return not document["unread_records"] and not pending(document)


def pending(document: Mapping[str, Any]) -> int:
    """Complaints of which something is missing that may still come."""
    return sum(hour["pending"] for hour in document["hours"])


def ask_auditor(bootstrap: str) -> Document:
    """What ``cbus audit --json`` prints. RuntimeError: it did not print a ledger."""
    command = [sys.executable, "-m", "services.cli", "audit", "--json", "--bootstrap", bootstrap]
    answer = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=ASK_SECONDS, check=False)
    if answer.returncode not in (0, 1, NO_VERDICT_YET):  # 1: there are holes
        raise RuntimeError(f"cbus audit ended with {answer.returncode}: {answer.stderr[-2000:]}")
    return dict(json.loads(answer.stdout))
