"""The local stack of ``deploy/local`` for ``cbus up`` and ``cbus demo``: started, provisioned, made known.

``deploy`` is part of a checkout, not of the installed package; without it these commands refuse and say so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from deploy.stack_file import publish_stack, require_no_other_stack, withdraw_stack
from services.cli.console.output import say
from services.cli.stack.watch import telling_why_it_ended, watching
from shared.errors import ConfigurationError
from shared.events.topics import bus_topics

if TYPE_CHECKING:
    from deploy.local.stack import StackAddresses, StackPorts

BackendChoice = Literal["auto", "embedded", "docker"]


@contextmanager
def running_local_stack(
    backend: BackendChoice, data_dir: Path | None, config_dir: Path, ports: StackPorts | None = None
) -> Iterator[StackAddresses]:
    """Kafka with all topics, Valkey and the mail sink, until the block ends; StackEnded if one ends before that.

    Raises StackRunsHere, before anything is started, where another stack runs.
    """
    require_no_other_stack()
    try:
        from deploy.local.stack import LocalStack, StackPorts
        from deploy.topics.departments import department_ids
    except ModuleNotFoundError as absent:
        raise ConfigurationError(
            f"the local stack needs {absent.name}; run from a checkout of Complaint Bus with: pip install -e '.[local]'"
        ) from None
    departments = department_ids(config_dir / "departments.yaml")
    wanted = LocalStack(
        backend=backend,
        data_dir=data_dir,
        topics=bus_topics(departments),
        ports=ports or StackPorts(),
        announce=say,
    )
    with ExitStack() as running:
        with telling_why_it_ended():
            stack = running.enter_context(wanted)
        running.enter_context(watching(getattr(stack.kafka, "nodes", ())))
        yield stack.addresses


@contextmanager
def published(
    addresses: StackAddresses,
    environment: Mapping[str, str],
    intake_url: str | None = None,
    service_urls: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """Let other commands find the stack while the block runs; ``environment`` is added to the addresses' own.

    ``service_urls``: what else has an address, name to URL.
    """
    found = {**asdict(addresses), **(service_urls or {})}
    publish_stack({**addresses.as_environment(), **environment}, found, intake_url)
    try:
        yield
    finally:
        withdraw_stack()
