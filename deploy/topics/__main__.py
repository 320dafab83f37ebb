"""``python -m deploy.topics``: create the bus's topics and report differences; exit code 1 if any."""

from __future__ import annotations

import argparse
import os
import sys

from kafka.errors import AuthorizationError, InvalidReplicationFactorError, KafkaError

from deploy.stack_file import adopt_running_stack
from deploy.topics.departments import department_ids
from deploy.topics.provision import COPIES, provision
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
    if report.created and report.replication_factor < COPIES and options.replication_factor is None:
        sys.stderr.write(f"{_few_copies(report.replication_factor)}\n")
    sys.stdout.write(report.summary() + "\n")
    return 1 if report.differing else 0


def _kafka(bootstrap_servers: str | None) -> KafkaSettings:
    """What the services read, too; like ``cbus``, where no broker is named, the local stack that runs here.

    ConfigurationError names every variable that is wrong.
    """
    if bootstrap_servers is not None:
        os.environ["CBUS_KAFKA__BOOTSTRAP_SERVERS"] = bootstrap_servers
    adopt_running_stack()
    return load_settings(ServiceSettings).kafka


def _few_copies(copies: int) -> str:
    each = "one copy" if copies == 1 else f"{copies} copies"
    return (
        f"the new topics have {each} of each partition, as the cluster has no more brokers: good for development; "
        f"production needs {COPIES} (--replication-factor forces a number)"
    )


def _in_words(refusal: KafkaError, kafka: KafkaSettings) -> str:
    if isinstance(refusal, AuthorizationError):
        return (
            f"{kafka.sasl_username or 'this client'} may not make or compare the topics at {kafka.bootstrap_servers} "
            f"({refusal}): the rights Create on the cluster and Describe and DescribeConfigs on the topics are missing"
        )
    if isinstance(refusal, InvalidReplicationFactorError):
        return (
            f"{kafka.bootstrap_servers} refused: {refusal}. Fewer brokers answer than each partition is to have "
            "copies: start the missing ones and run this again, or choose another --replication-factor"
        )
    return f"{kafka.bootstrap_servers} refused: {refusal}"


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.topics", description=__doc__)
    parser.add_argument(
        "--bootstrap-servers",
        help="comma-separated host:port (default: $CBUS_KAFKA__BOOTSTRAP_SERVERS, else the local stack that runs "
        "here); TLS and login are set by the other $CBUS_KAFKA__… variables, as for the services",
    )
    parser.add_argument(
        "--replication-factor",
        type=int,
        help=f"copies of each partition (default: {COPIES}; on a cluster of fewer brokers as many as it has)",
    )
    parser.add_argument("--department", action="append", help="department id; repeat (default: all configured ones)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
