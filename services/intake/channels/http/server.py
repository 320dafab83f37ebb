"""The HTTP server as a process needs it: on SIGTERM it listens no more, but hears out who is already connected."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from services.intake.channels.http.protocol import protocol_with
from services.intake.settings import HttpSettings

HEAR_OUT_SECONDS = 0.3
"""How long a connected client may still begin a request; its answer says that the connection closes."""

_KEEP_ALIVE_SECONDS = 30
_SPARE_BYTES = 1_048_576
"""What h11 may hold of a head beyond its limit: ``http_protocol`` measures it, and gives the better answer."""


class DrainingServer(uvicorn.Server):
    """Ends without cutting anybody off who was let in."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to ``stopping_on_signals``: uvicorn raises them again at its end, before our flush."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen no more, hear out the connected ones, then wait for what is in work."""
        for server in self.servers:
            server.close()
        self.server_state.default_headers.append((b"connection", b"close"))
        await asyncio.sleep(HEAR_OUT_SECONDS)
        await super().shutdown(sockets)


@contextlib.contextmanager
def stopping_on_signals(server: DrainingServer) -> Iterator[None]:
    """SIGTERM and SIGINT ask ``server`` to stop. Inside its event loop, in the main thread."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def server_config(app: ASGIApp, settings: HttpSettings) -> uvicorn.Config:
    """How the server runs: no logging of its own, since access lines repeat paths and addresses of people."""
    return uvicorn.Config(
        app,
        http=protocol_with(settings),  # type: ignore[arg-type]  # any callable that makes a protocol will do
        h11_max_incomplete_event_size=settings.max_head_bytes + _SPARE_BYTES,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",  # a client that offers an upgrade is nothing to warn of
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=round(settings.shutdown_seconds),
    )
