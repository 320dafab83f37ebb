"""E-mail as the sender knows it: letters written, addressed and built here, handed to one connection of the relay."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from services.notifier.domain.department import Department
from services.notifier.domain.retry import Handover
from services.notifier.domain.template_values import TemplateValues
from services.notifier.media.mail.addresses import mail_address, mailbox_of
from services.notifier.media.mail.letter_writer import LetterWriter
from services.notifier.media.mail.message import MessageBuilder, SenderIdentity
from services.notifier.media.mail.settings import SmtpSettings
from services.notifier.media.mail.smtp import SmtpRelay
from services.notifier.media.mail.templates import MailTemplates
from services.notifier.media.mail.unread_mailboxes import OWN_ADDRESS, reason_not_to_use
from services.notifier.sending.medium import MakeMedium, Parcel, Unsendable
from shared.events import notifications


class Relay(Protocol):
    """What is needed of a mail relay; ``SmtpRelay`` is the real one."""

    def connect(self) -> None:
        """Make sure there is a connection; raises MediumUnreachable."""
        ...

    def hand_over(self, recipient: str, message: bytes) -> Handover:
        """Hand a message over; how that ended."""
        ...

    def close_if_idle(self) -> None:
        """Close a connection nobody used for a while."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class MailMedium:
    """A Medium. A parcel's ``recipient`` is checked and ASCII, its ``wire`` the message with CRLF line ends."""

    name = notifications.Medium.EMAIL.value
    provider = "the mail relay"

    def __init__(self, letters: LetterWriter, messages: MessageBuilder, relay: Relay) -> None:
        self._letters = letters
        self._messages = messages
        self._relay = relay

    def prepare(self, request: notifications.NotificationRequested) -> Parcel | Unsendable:
        """The message ``request`` asks for, or why there can be none."""
        letter = self._letters.write(request)
        if isinstance(letter, Unsendable):
            return letter
        recipient = mail_address(letter.recipient)
        if recipient is None:
            return Unsendable("bad_address", "the address is not one that may stand in a header")
        unread = reason_not_to_use(recipient, self._messages.sender)
        if unread == OWN_ADDRESS or (unread is not None and request.audience == notifications.Audience.COMPLAINANT):
            return Unsendable(unread, "the address is our own, or one that machines write from and nobody reads")
        try:
            wire = self._messages.build(letter, recipient)
        except ValueError:
            return Unsendable("bad_field", "a header value holds control characters, or is longer than a line")
        return Parcel(recipient, mailbox_of(recipient), letter.subject, letter.body, wire)

    def connect(self) -> None:
        """Make sure there is a connection; raises MediumUnreachable."""
        self._relay.connect()

    def hand_over(self, parcel: Parcel) -> Handover:
        """Hand the message over; how that ended."""
        return self._relay.hand_over(parcel.recipient, parcel.wire)

    def close_if_idle(self) -> None:
        """Close a connection nobody used for a while."""
        self._relay.close_if_idle()

    def close(self) -> None:
        """Close the connection."""
        self._relay.close()


def mail(
    smtp: SmtpSettings, templates: Path, zone: ZoneInfo, departments: Mapping[str, Department], values: TemplateValues
) -> MakeMedium:
    """Mail as set; ``templates`` is their directory. ConfigurationError: one of them is wrong."""
    letters = LetterWriter(MailTemplates(templates, zone), departments, values, smtp.reply_to)
    identity = SenderIdentity(smtp.from_address, smtp.from_name, smtp.reply_to, smtp.message_id_domain)
    messages = MessageBuilder(identity)
    return lambda: MailMedium(letters, messages, SmtpRelay(smtp))
