"""Choosing loopback ports that nothing uses, and that stay free while their server is down.

The ports lie below the kernel's range for outgoing connections. A server that is killed and restarted on its port
would otherwise race with clients: one that keeps reconnecting may be given that very port as its own source port.
"""

from __future__ import annotations

import random
import socket
import sys

from shared.errors import ConfigurationError

LOOPBACK = "127.0.0.1"
FIRST_PORT, LAST_PORT = 20_000, 31_999

_handed_out: set[int] = set()
_claimed: dict[int, int] = {}
"""Port to the open file that claims it."""
_random = random.SystemRandom()


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen on ``port`` now (sockets in TIME_WAIT do not count)."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def free_port(host: str = LOOPBACK) -> int:
    """A free port, never the same one twice in this process."""
    for _ in range(1000):
        port = _random.randint(FIRST_PORT, LAST_PORT)
        if port not in _handed_out and is_free(port, host):
            _handed_out.add(port)
            return port
    raise OSError(f"found no free port on {host} between {FIRST_PORT} and {LAST_PORT} in 1000 tries")


def usual_port(usual: int, asked: int | None) -> int:
    """``asked``, or ConfigurationError if that is taken. 0: any free one; None: ``usual`` unless it is taken.

    Taken is also a port that another process has been given here and whose server is still starting.
    """
    wanted = usual if asked is None else asked
    if wanted != 0 and is_free(wanted) and _claim(wanted):
        return wanted
    if asked:
        raise ConfigurationError(f"port {wanted} is in use on {LOOPBACK}; choose another one, or 0 for any free one")
    return free_port()


def _claim(port: int) -> bool:
    """Whether no other process has claimed ``port``; ours lasts as long as this process.

    A name the kernel gives to one socket at a time, and takes back when its process ends (Linux; elsewhere no claims).
    """
    if sys.platform != "linux" or port in _claimed:
        return True
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0complaint-bus/port/{port}")
    except OSError:
        claim.close()
        return False
    _claimed[port] = claim.detach()
    return True


def is_listening(port: int, host: str = LOOPBACK, timeout_seconds: float = 0.5) -> bool:
    """Whether something accepts TCP connections on ``port``."""
    try:
        with socket.create_connection((host, port), timeout=timeout_seconds):
            return True
    except OSError:
        return False
