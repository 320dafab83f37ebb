"""A port that cannot be listened on is a wrong setting: the process refuses to start and names the variable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from shared.errors import ConfigurationError


@contextmanager
def naming_the_setting(host: str, port: int, block: str) -> Iterator[None]:
    """Turn the system's refusal to listen at ``host:port`` into ConfigurationError; ``block`` is ``HTTP``, ``HEALTH``.

    The usual reasons: another process listens there, the port is below 1024, or the address is not this machine's.
    """
    try:
        yield
    except OSError as failure:
        reason = (failure.strerror or str(failure)).partition(" (while ")[0]
        raise ConfigurationError(
            f"refusing to start: cannot listen on {host}:{port} ({reason}); stop what uses it, or set "
            f"CBUS_{block}__PORT to another port (0 takes a free one) or CBUS_{block}__HOST to an address of this "
            "machine"
        ) from None
