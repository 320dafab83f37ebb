"""Where a broker runs if not on this machine's own loopback: in a network namespace, for tests that cut cables."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NodeHost:
    """``client_host``: where clients find it; ``peer_host``: where brokers and controllers do; ``enter``: the command,
    with its arguments, that runs another one there.
    """

    client_host: str
    peer_host: str
    enter: tuple[str, ...] = ()
