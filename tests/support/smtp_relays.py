"""Mail relays that misbehave at one exact point of the conversation; what a well-mannered sink cannot do."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType

Conversation = Callable[["Peer"], None]
"""What the relay does with one connection."""


class Peer:
    """One connection as the relay sees it."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lines = connection.makefile("rb")

    def say(self, line: str) -> None:
        """Send one reply."""
        self._connection.sendall(line.encode() + b"\r\n")

    def hear(self) -> str:
        """One command; empty at the end of the connection."""
        return self._lines.readline().decode().rstrip("\r\n")

    def greet(self) -> None:
        """Banner and EHLO."""
        self.say("220 relay.example.com ESMTP")
        self.hear()
        self.say("250 relay.example.com")

    def hear_message(self) -> bytes:
        """The message up to the final dot."""
        return b"".join(iter(self._lines.readline, b".\r\n"))

    def take_one(self, final: str = "250 OK") -> bytes:
        """A whole transaction; the message."""
        for reply in ("250 OK", "250 OK", "354 go on"):
            self.hear()
            self.say(reply)
        message = self.hear_message()
        self.say(final)
        return message

    def reset(self) -> None:
        """Break the connection off with a reset, as a crashed relay's kernel does."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self._lines.close()
        self._connection.close()


class ScriptedRelay:
    """Serves one conversation after the other on a port of its own, one per connection."""

    def __init__(self, *conversations: Conversation) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.connections = 0
        self._conversations = conversations
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        for conversation in self._conversations:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection, contextlib.suppress(OSError):
                conversation(Peer(connection))

    def __enter__(self) -> ScriptedRelay:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=5)
