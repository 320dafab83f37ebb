"""``python -m deploy.topics``: create the bus's topics and report differences; exit code 1 if any."""

from __future__ import annotations

import argparse
import os
import sys

from kafka.errors import AuthorizationError, KafkaError

from deploy.topics.departments import department_ids
from deploy.topics.provision import provision
from shared.errors import ComplaintBusError
from shared.events.topics import bus_topics
from shared.settings import KafkaSettings, ServiceSettings, load_settings


def main() -> int:
    """Provision all topics of the registry; differences and errors go to stderr, the summary to stdout."""
    options = _arguments().parse_args()
    try:
        topics = bus_topics(options.department or department_ids())
        kafka = _kafka(options.bootstrap_servers)
        report = provision(kafka, topics, options.replication_factor)
    except ComplaintBusError as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    except KafkaError as refusal:
        sys.stderr.write(f"{_in_words(refusal, kafka)}\n")
        return 1
    for difference in report.differing:
        sys.stderr.write(f"{difference}\n")
    sys.stdout.write(report.summary() + "\n")
    return 1 if report.differing else 0


def _kafka(bootstrap_servers: str | None) -> KafkaSettings:
    """What the services read, too. ConfigurationError names every variable that is wrong."""
    if bootstrap_servers is not None:
        os.environ["CBUS_KAFKA__BOOTSTRAP_SERVERS"] = bootstrap_servers
    return load_settings(ServiceSettings).kafka


def _in_words(refusal: KafkaError, kafka: KafkaSettings) -> str:
    if isinstance(refusal, AuthorizationError):
        return (
            f"{kafka.sasl_username or 'this client'} may not make or compare the topics at {kafka.bootstrap_servers} "
            f"({refusal}): the rights Create on the cluster and Describe and DescribeConfigs on the topics are missing"
        )
    return f"{kafka.bootstrap_servers} refused: {refusal}"


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.topics", description=__doc__)
    parser.add_argument(
        "--bootstrap-servers",
        help="comma-separated host:port (default: $CBUS_KAFKA__BOOTSTRAP_SERVERS); TLS and login are set by the other "
        "$CBUS_KAFKA__… variables, as for the services",
    )
    parser.add_argument("--replication-factor", type=int, default=3, help="copies of each partition (default 3)")
    parser.add_argument("--department", action="append", help="department id; repeat (default: all configured ones)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
