"""``python -m deploy.topics``: create the bus's topics and report differences; exit code 1 if any."""

from __future__ import annotations

import argparse
import os
import sys

from deploy.topics.departments import department_ids
from deploy.topics.provision import provision
from shared.errors import ComplaintBusError
from shared.events.topics import bus_topics


def main() -> int:
    """Provision all topics of the registry; differences and errors go to stderr, the summary to stdout."""
    options = _arguments().parse_args()
    try:
        topics = bus_topics(options.department or department_ids())
        report = provision(options.bootstrap_servers, topics, options.replication_factor)
    except ComplaintBusError as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    for difference in report.differing:
        sys.stderr.write(f"{difference}\n")
    sys.stdout.write(report.summary() + "\n")
    return 1 if report.differing else 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.topics", description=__doc__)
    parser.add_argument(
        "--bootstrap-servers",
        default=os.environ.get("CBUS_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:9092"),
        help="comma-separated host:port (default: $CBUS_KAFKA__BOOTSTRAP_SERVERS)",
    )
    parser.add_argument("--replication-factor", type=int, default=3, help="copies of each partition (default 3)")
    parser.add_argument("--department", action="append", help="department id; repeat (default: all configured ones)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
