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

from services.notifier.domain.retry import Handover, HandoverResult
from services.notifier.media.mail.replies import CLOSING, CONNECTION_LOST, NO_REPLY, judge_early_reply, judge_reply
from services.notifier.media.mail.settings import SmtpSettings
from services.notifier.sending.medium import MediumUnreachable
from shared.crash_points import crash_point

_LEADING_DOT = re.compile(rb"(?m)^\.")
_GOODBYE_SECONDS = 2.0


class SmtpRelay:
    """Used by one thread. Addresses and messages must be ASCII and checked before (``addresses``, ``message``)."""

    def __init__(self, settings: SmtpSettings, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._monotonic = monotonic
        self._connection: smtplib.SMTP | None = None
        self._is_fresh = False
        self._used_at = 0.0

    def connect(self) -> None:
        """Make sure there is a connection, a new one if it was idle for long; raise MediumUnreachable."""
        self._connected()

    def _connected(self) -> smtplib.SMTP:
        if self._connection is not None and not self._is_idle():
            return self._connection
        self.close()
        try:
            connection = self._open()
        except smtplib.SMTPResponseException as error:
            raise MediumUnreachable(f"smtp_{error.smtp_code}") from None
        except (OSError, smtplib.SMTPException) as error:
            raise MediumUnreachable(_reason(error)) from None
        self._connection, self._is_fresh, self._used_at = connection, True, self._monotonic()
        crash_point("sender.after-connect")
        return connection

    def hand_over(self, recipient: str, message: bytes) -> Handover:
        """Hand ``message`` over for ``recipient``; how that ended. A stale connection is replaced once, silently."""
        try:
            handover = self._converse(self._connected(), recipient, message)
            if handover is None:  # the connection had died while it was idle
                self.close()
                handover = self._converse(self._connected(), recipient, message) or CONNECTION_LOST
        except MediumUnreachable as unreachable:
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
            if code == CLOSING and not self._is_fresh:
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
            return CONNECTION_LOST if began or self._is_fresh else None
        crash_point("sender.after-dot")
        return self._final_reply(connection)

    def _refused(self, connection: smtplib.SMTP, code: int) -> Handover:
        try:
            if code == CLOSING or connection.rset()[0] != 250:
                self.close()
        except (OSError, smtplib.SMTPException):
            self.close()
        return judge_early_reply(code)

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
            return NO_REPLY
        if code == CLOSING:
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
