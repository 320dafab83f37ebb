"""From a request to a message that may go over the wire: written, its address checked, its headers built.

One way for whoever asks: what the sender hands over, and what ``cbus compose`` shows of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.notifier.adapters.mail_message import MessageBuilder, mail_address
from services.notifier.domain.letter import Letter, Unsendable
from services.notifier.domain.unread_mailboxes import OWN_ADDRESS, reason_not_to_use
from services.notifier.sending.letter_writer import LetterWriter
from shared.events.notifications import Audience, NotificationRequested
from shared.observability.logging import get_logger

_LOG = get_logger()


@dataclass(frozen=True, slots=True)
class AddressedMessage:
    """A message as it would be handed to the relay. ``recipient`` is checked and ASCII, ``wire`` has CRLF line ends."""

    letter: Letter
    recipient: str
    wire: bytes


def addressed(
    request: NotificationRequested, letters: LetterWriter, messages: MessageBuilder
) -> AddressedMessage | Unsendable:
    """The message ``request`` asks for, or why there can be none, now or later.

    An error nobody thought of is a reason, too: raised, it would end one process after the other at this letter.
    """
    try:
        return _addressed(request, letters, messages)
    except Exception as error:
        _LOG.error("letter_not_prepared", notification_id=request.notification_id, error=error)
        return Unsendable("unhandled", f"{type(error).__name__} while the letter was prepared")


def _addressed(
    request: NotificationRequested, letters: LetterWriter, messages: MessageBuilder
) -> AddressedMessage | Unsendable:
    letter = letters.write(request)
    if isinstance(letter, Unsendable):
        return letter
    recipient = mail_address(letter.recipient)
    if recipient is None:
        return Unsendable("bad_address", "the address is not one that may stand in a header")
    unread = reason_not_to_use(recipient, messages.sender)
    if unread == OWN_ADDRESS or (unread is not None and request.audience == Audience.COMPLAINANT):
        return Unsendable(unread, "the address is our own, or one that machines write from and nobody reads")
    try:
        return AddressedMessage(letter, recipient, messages.build(letter, recipient))
    except ValueError:
        return Unsendable("bad_field", "a header value holds control characters, or is longer than a line")
