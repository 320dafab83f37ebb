"""One connection to the mail relay, kept open, and an exact account of how each conversation ended.

The steps are spoken one by one, not by ``sendmail()``, because what a lost connection means depends on where it is
lost: up to the final dot the relay has nothing; after it, nobody knows (RFC 5321 §6.1).
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import ssl
import time
from collections.abc import Callable

from services.notifier.domain.retry import Handover, HandoverResult, judge_reply
from services.notifier.settings import SmtpSettings
from shared.crash_points import crash_point

_LEADING_DOT = re.compile(rb"(?m)^\.")
_CONNECTION_LOST = Handover(HandoverResult.TRY_LATER, "connection_lost")
_NO_REPLY = Handover(HandoverResult.UNKNOWN, "no_reply")
_CLOSING = 421
_GOODBYE_SECONDS = 2.0


class RelayUnreachable(Exception):
    """No conversation could begin: nothing was handed over, no message is to blame. ``reason`` is a bounded code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class SmtpRelay:
    """Used by one thread. Addresses and messages must be ASCII and checked before (``mail_message``)."""

    def __init__(self, settings: SmtpSettings, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._monotonic = monotonic
        self._connection: smtplib.SMTP | None = None
        self._is_fresh = False
        self._used_at = 0.0

    def connect(self) -> None:
        """Make sure there is a connection, a new one if it was idle for long; raise RelayUnreachable."""
        self._connected()

    def _connected(self) -> smtplib.SMTP:
        if self._connection is not None and not self._is_idle():
            return self._connection
        self.close()
        try:
            connection = self._open()
        except smtplib.SMTPResponseException as error:
            raise RelayUnreachable(f"smtp_{error.smtp_code}") from None
        except (OSError, smtplib.SMTPException) as error:
            raise RelayUnreachable(_reason(error)) from None
        self._connection, self._is_fresh, self._used_at = connection, True, self._monotonic()
        crash_point("sender.after-connect")
        return connection

    def hand_over(self, recipient: str, message: bytes) -> Handover:
        """Hand ``message`` over for ``recipient``; how that ended. A stale connection is replaced once, silently."""
        try:
            handover = self._converse(self._connected(), recipient, message)
            if handover is None:  # the connection had died while it was idle
                self.close()
                handover = self._converse(self._connected(), recipient, message) or _CONNECTION_LOST
        except RelayUnreachable as unreachable:
            return Handover(HandoverResult.TRY_LATER, unreachable.reason)
        self._is_fresh = False
        self._used_at = self._monotonic()
        return handover

    def close_if_idle(self) -> None:
        """Close a connection that has not been used for a while, before the relay does."""
        if self._connection is not None and self._is_idle():
            self.close()

    def close(self) -> None:
        """Say goodbye; never raises."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        with contextlib.suppress(OSError, smtplib.SMTPException):
            if connection.sock is not None:
                connection.sock.settimeout(_GOODBYE_SECONDS)
            connection.quit()
        connection.close()

    def _is_idle(self) -> bool:
        return self._monotonic() - self._used_at > self._settings.idle_seconds

    def _open(self) -> smtplib.SMTP:
        settings = self._settings
        connection = self._dial(settings.message_id_domain, settings.timeout_seconds)
        try:
            connection.ehlo_or_helo_if_needed()
            if settings.security == "starttls":
                connection.starttls(context=ssl.create_default_context())
                connection.ehlo()
            if settings.username is not None and settings.password is not None:
                connection.login(settings.username, settings.password.get_secret_value())
        except BaseException:
            connection.close()
            raise
        return connection

    def _dial(self, own_name: str, timeout: float) -> smtplib.SMTP:
        host, port = self._settings.host, self._settings.port
        if self._settings.security == "tls":
            return smtplib.SMTP_SSL(host, port, own_name, timeout=timeout, context=ssl.create_default_context())
        return smtplib.SMTP(host, port, own_name, timeout=timeout)

    def _converse(self, connection: smtplib.SMTP, recipient: str, message: bytes) -> Handover | None:
        """MAIL, RCPT, DATA, message, dot. None: a kept connection turned out dead before anything was said."""
        began = False
        try:
            code, _ = connection.mail(self._settings.from_address)
            if code == _CLOSING and not self._is_fresh:
                return None
            began = True
            if code == 250:
                code, _ = connection.rcpt(recipient)
            if code in (250, 251):
                code, _ = connection.docmd("DATA")
            if code != 354:
                return self._refused(connection, code)
            connection.send(_LEADING_DOT.sub(b"..", message) + b".\r\n")
        except (OSError, smtplib.SMTPException):
            self.close()
            return _CONNECTION_LOST if began or self._is_fresh else None
        crash_point("sender.after-dot")
        return self._final_reply(connection)

    def _refused(self, connection: smtplib.SMTP, code: int) -> Handover:
        handover = judge_reply(code, message_complete=False)
        if handover.result is HandoverResult.ACCEPTED:  # a 2xx where 354 belongs: this relay cannot be talked to
            handover = Handover(HandoverResult.TRY_LATER, "unintelligible_reply")
        try:
            if code == _CLOSING or connection.rset()[0] != 250:
                self.close()
        except (OSError, smtplib.SMTPException):
            self.close()
        return handover

    def _final_reply(self, connection: smtplib.SMTP) -> Handover:
        try:
            if connection.sock is not None:
                connection.sock.settimeout(self._settings.final_reply_seconds)
            code, _ = connection.getreply()
            if connection.sock is not None:
                connection.sock.settimeout(self._settings.timeout_seconds)
        except (OSError, smtplib.SMTPException):
            connection.close()
            self._connection = None
            return _NO_REPLY
        if code == _CLOSING:
            self.close()
        return judge_reply(code, message_complete=True)


def _reason(error: Exception) -> str:
    match error:
        case TimeoutError():
            return "connect_timeout"
        case ssl.SSLError():
            return "tls_failed"
        case smtplib.SMTPNotSupportedError():
            return "not_supported"
        case _:
            return "connect_failed"
