"""``python -m shared.observability.readiness``: exit code 0 if the service in this container is ready, else 1.

The images carry no curl; this is what a container health check runs.
"""

from __future__ import annotations

import http.client
import os
import sys

LOOPBACK = "127.0.0.1"


def is_ready(port: int, host: str = LOOPBACK, timeout_seconds: float = 1.0) -> bool:
    """Whether ``GET /ready`` on the health port answers 200 now."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout_seconds)
    try:
        connection.request("GET", "/ready")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if is_ready(int(os.environ["CBUS_HEALTH__PORT"])) else 1)
