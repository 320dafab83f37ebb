"""A real SMTP server that keeps a truth log of what it accepted; for demo and tests, it delivers nothing.

Run as its own process: ``python -m deploy.local.smtp_sink --port-file F --log F.jsonl [--script F.json]``.
Every accepted message becomes one JSON line, flushed to the disk *before* the server answers 250 (as RFC 5321 §6.1
asks of a receiver), so the log is the judge of what a sender really got rid of, whatever the sender believes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import cast

from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local.ports import LOOPBACK
from deploy.local.smtp_script import Misbehaviour, SmtpScript
from shared.clock import Clock, SystemClock

HEADERS_KEPT = (
    "From", "To", "Reply-To", "In-Reply-To", "References", "Auto-Submitted", "Content-Language", "List-Unsubscribe",
)  # fmt: skip
ONE_MEGABYTE = 1024 * 1024


class TruthLog:
    """An append-only file of JSON lines, on disk when ``append`` returns."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def append(self, entry: dict[str, object]) -> None:
        """Write one line and flush it to the disk."""
        os.write(self._file, json.dumps(entry, ensure_ascii=False).encode() + b"\n")
        os.fsync(self._file)


class SinkHandler:
    """The server's hooks: refuse or misbehave as scripted, otherwise log and accept."""

    def __init__(self, log: TruthLog, script: SmtpScript, clock: Clock, keep_text: bool) -> None:
        self._log = log
        self._script = script
        self._clock = clock
        self._keep_text = keep_text

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer RCPT TO: 250, or the scripted refusal (421 also closes the connection)."""
        rule = self._script.next_rule(address, at_recipient=True)
        if rule is not None:
            if rule.action is Misbehaviour.SHUTTING_DOWN:
                asyncio.get_running_loop().call_soon(_transport(server).close)
            return rule.action.reply
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Log the message, then answer 250; or, as scripted, answer late or not at all."""
        self._log.append(self._entry(envelope))
        for recipient in envelope.rcpt_tos:
            rule = self._script.next_rule(recipient, at_recipient=False)
            if rule is not None and rule.action is Misbehaviour.SLOW:
                await asyncio.sleep(rule.seconds)
            if rule is not None and rule.action is Misbehaviour.DROP_AFTER_DATA:
                _transport(server).abort()
        return "250 2.0.0 OK"

    def _entry(self, envelope: Envelope) -> dict[str, object]:
        content = envelope.content
        raw = content.encode() if isinstance(content, str) else content or b""
        message = message_from_bytes(raw, _class=EmailMessage, policy=policy.default)
        entry: dict[str, object] = {
            "received_at": self._clock.now().isoformat(),
            "mail_from": envelope.mail_from,
            "rcpt_tos": list(envelope.rcpt_tos),
            "message_id": _header(message, "Message-ID"),
            "subject": _header(message, "Subject"),
            "headers": {name: _header(message, name) for name in HEADERS_KEPT if name in message},
            "size_bytes": len(raw),
        }
        if self._keep_text:
            body = message.get_body(("plain", "html"))
            entry["text"] = body.get_content().replace("\r\n", "\n") if body is not None else ""
        return entry


def _transport(server: SMTP) -> asyncio.Transport:
    return cast(asyncio.Transport, server.transport)


def _header(message: EmailMessage, name: str) -> str | None:
    value = message[name]
    return None if value is None else str(value).strip()


async def serve(handler: SinkHandler, host: str, port: int, port_file: Path | None) -> None:
    """Listen until SIGTERM or SIGINT; ``port_file`` appears, complete, once the server listens."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    server = await loop.create_server(lambda: _protocol(handler), host=host, port=port)
    if port_file is not None:
        write_whole(port_file, str(server.sockets[0].getsockname()[1]))
    await stopping.wait()
    server.close()


def _protocol(handler: SinkHandler) -> SMTP:
    return SMTP(handler, enable_SMTPUTF8=True, data_size_limit=25 * ONE_MEGABYTE, hostname="sink.example.com")


def write_whole(path: Path, text: str) -> None:
    """The file appears, or changes, complete."""
    aside = path.with_suffix(".part")
    aside.write_text(text)
    aside.replace(path)


def main() -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.smtp_sink", description=__doc__)
    parser.add_argument("--host", default=LOOPBACK, help="address to listen on (default: loopback)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any free one)")
    parser.add_argument("--port-file", type=Path, help="file to write the port to once it listens")
    parser.add_argument("--log", type=Path, required=True, help="truth log, one JSON line per accepted message")
    parser.add_argument("--script", type=Path, help="JSON list of scripted misbehaviour (see smtp_script)")
    parser.add_argument("--keep-text", action="store_true", help="log the message's text too (personal data)")
    options = parser.parse_args()
    handler = SinkHandler(TruthLog(options.log), SmtpScript(options.script), SystemClock(), options.keep_text)
    asyncio.run(serve(handler, options.host, options.port, options.port_file))


if __name__ == "__main__":
    main()
