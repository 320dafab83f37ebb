"""A stock JDK HttpClient as a caller of the door: many of an enterprise's systems are written with it."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_PROGRAM = Path(__file__).with_name("Relay.java")


class NotConnected(Exception):
    """Nobody listened: the request was never sent."""


class NoAnswer(Exception):
    """The request may have been sent, and nobody knows what came of it; the text is the exception's name in Java."""


@dataclass(frozen=True)
class JdkAnswer:
    """What the server said."""

    status: int
    body: bytes


class JdkClient:
    """One Java process that posts what it is told to; from any thread, one request at a time. Use it in ``with``."""

    def __enter__(self) -> Self:
        self._lock = threading.Lock()
        self._java = subprocess.Popen(
            [os.environ.get("JAVA", "java"), "-Xmx64m", "-XX:TieredStopAtLevel=1", str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._java.stdin is not None:
            self._java.stdin.close()
        self._java.wait(timeout=10)
        if self._java.stdout is not None:
            self._java.stdout.close()

    def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_seconds: float) -> JdkAnswer:
        """POST ``body``. NotConnected: it was not sent; NoAnswer: nobody knows."""
        fields = [str(timeout_seconds), url, base64.b64encode(body).decode()]
        fields += [part for header in headers.items() for part in header]
        with self._lock:
            kind, _, detail = self._ask("\t".join(fields)).partition("\t")
        if kind == "connect":
            raise NotConnected(detail)
        if kind == "error":
            raise NoAnswer(detail)
        return JdkAnswer(int(kind), base64.b64decode(detail))

    def _ask(self, line: str) -> str:
        if self._java.stdin is None or self._java.stdout is None:
            raise RuntimeError("the Java process was started without pipes")
        self._java.stdin.write(line + "\n")
        self._java.stdin.flush()
        answer = self._java.stdout.readline()
        if not answer:
            raise RuntimeError(f"the Java process ended with {self._java.wait()}")
        return answer.rstrip("\n")
