"""``python -m deploy.local``: the local stack in the foreground until Ctrl-C. Addresses go to stdout as JSON."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

from deploy.local.stack import LocalStack, announce_on_stderr
from shared.errors import ComplaintBusError

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopAsked(BaseException):
    """A signal asked us to stop, perhaps in the middle of the start; unwinding stops what runs."""


def _begin_stopping(number: int, frame: FrameType | None) -> None:
    for each in STOP_SIGNALS:
        signal.signal(each, signal.SIG_IGN)  # a second Ctrl-C must not interrupt the clean-up
    raise StopAsked


def main() -> int:
    """Run the stack; exit code 0 after Ctrl-C or SIGTERM, 1 with a reason on stderr if it cannot run here."""
    options = _arguments().parse_args()
    for number in STOP_SIGNALS:
        signal.signal(number, _begin_stopping)
    try:
        with LocalStack(
            backend=options.backend,
            data_dir=options.data_dir,
            nodes=options.nodes,
            with_smtp_sink=not options.no_smtp_sink,
        ) as stack:
            sys.stdout.write(stack.addresses.as_json() + "\n")
            sys.stdout.flush()
            announce_on_stderr("running; Ctrl-C stops it")
            signal.pause()
    except StopAsked:
        announce_on_stderr("stopped")
    except ComplaintBusError as refusal:
        announce_on_stderr(str(refusal))
        return 1
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    parser.add_argument("--backend", choices=["auto", "embedded", "docker"], default="auto", help="how to run servers")
    parser.add_argument("--data-dir", type=Path, help="keep data here (default: a temporary directory, thrown away)")
    parser.add_argument("--nodes", type=int, choices=[1, 3], default=1, help="Kafka nodes")
    parser.add_argument("--no-smtp-sink", action="store_true", help="do not start the mail sink")
    return parser


if __name__ == "__main__":
    sys.exit(main())
