"""A moment in which no transaction is half committed, for killing the only broker of a cluster.

Killed between a commit and its markers, a single 4.3 broker can forget the markers (decision 0009), through no fault of
the bus. So the processors stand still, in whatever transaction they are, until the broker has nothing left to mark.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kafka.admin import KafkaAdminClient, TransactionState

from deploy.local.polling import wait_until
from deploy.local.service_process import ServiceProcess

MARKED_WITHIN_SECONDS = 10.0
_HALF_DONE = (TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT, TransactionState.PREPARE_EPOCH_FENCE)


@contextmanager
def between_commits(processors: Sequence[ServiceProcess], bootstrap_servers: str) -> Iterator[None]:
    """Inside, ``processors`` are paused and the broker has no transaction half done; those paused before stay so.

    Raises ``DeadlineExceeded`` when a commit does not get its markers: it is hanging already.
    """
    held = [process for process in processors if process.is_alive and not is_paused(process)]
    for process in held:
        process.pause()
    try:
        admin = KafkaAdminClient(bootstrap_servers=bootstrap_servers)
        try:
            wait_until(lambda: not half_done(admin), "markers of all commits", timeout_seconds=MARKED_WITHIN_SECONDS)
        finally:
            admin.close()
        yield
    finally:
        for process in held:
            process.resume()


def half_done(admin: KafkaAdminClient) -> list[str]:
    """Transactional ids whose commit or abort is decided and not marked everywhere yet."""
    states = [state.value for state in _HALF_DONE]
    return [
        listed.transactional_id for each in admin.list_transactions(state_filters=states).values() for listed in each
    ]


def is_paused(process: ServiceProcess) -> bool:
    """Whether somebody has sent it SIGSTOP."""
    try:
        status = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] == "T"
