"""Cuts a byte stream into lines without ever holding more than one line's limit."""

from __future__ import annotations

from collections.abc import Iterator

TOO_LONG = None
"""Stands for a line over the limit; its content is dropped as it comes."""


class LineCutter:
    """Feed it pieces, get whole lines; ``TOO_LONG`` in place of one over ``max_bytes``."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._rest = bytearray()
        self._dropping = False

    def feed(self, piece: bytes) -> Iterator[bytes | None]:
        """The lines that ``piece`` completes."""
        *ends, rest = piece.split(b"\n")
        for end in ends:
            yield self._complete(end)
        self._keep(rest)

    def finish(self) -> Iterator[bytes | None]:
        """The last line, if it had no line end."""
        if self._rest or self._dropping:
            yield self._complete(b"")

    def _complete(self, end: bytes) -> bytes | None:
        self._keep(end)
        line = TOO_LONG if self._dropping else bytes(self._rest)
        self._rest.clear()
        self._dropping = False
        return line

    def _keep(self, part: bytes) -> None:
        if self._dropping or len(self._rest) + len(part) > self._max_bytes:
            self._dropping = True
            self._rest.clear()
        else:
            self._rest += part
