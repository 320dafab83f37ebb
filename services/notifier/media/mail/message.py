"""A letter as an e-mail message: headers that tell machines it is automatic, and no way to inject any.

RFC 3834 §5 asks for ``Auto-Submitted: auto-generated``, so that no vacation responder answers;
``X-Auto-Response-Suppress`` says the same to Exchange. The Message-ID is the notification id and the Date the time of
the request: a repeated message is byte for byte the same, and mailbox programs show it once.
"""

from __future__ import annotations

import email.policy
from dataclasses import dataclass
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage

from services.notifier.media.mail.addresses import CONTROL_CHARACTERS
from services.notifier.media.mail.letter import Letter

_LONGEST_LINE = 998
"""Characters, by RFC 5322 §2.1.1."""


class _HeaderClasses(HeaderRegistry):
    """The library's header classes, made once per name instead of once per header: a third of a message's cost."""

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[str, type] = {}

    def __getitem__(self, name: str) -> type:
        if name not in self._made:
            self._made[name] = super().__getitem__(name)
        return self._made[name]


_WIRE = email.policy.SMTP.clone(
    cte_type="7bit",  # no relay along the way can damage 7-bit text
    header_factory=_HeaderClasses(),
)


@dataclass(frozen=True, slots=True)
class SenderIdentity:
    """Who writes. ``reply_to`` None: nobody reads answers. ``message_id_domain`` follows the @ in Message-IDs."""

    address: str
    name: str
    reply_to: str | None
    message_id_domain: str


class MessageBuilder:
    """Builds messages in one identity's name. Headers that are always the same are folded once."""

    def __init__(self, identity: SenderIdentity) -> None:
        self.sender = identity.address
        headers = EmailMessage(policy=_WIRE)
        headers["From"] = Address(identity.name, addr_spec=identity.address)
        if identity.reply_to is not None:
            headers["Reply-To"] = Address(identity.name, addr_spec=identity.reply_to)
        headers["Auto-Submitted"] = "auto-generated"
        headers["X-Auto-Response-Suppress"] = "All"
        self._constant_headers = headers.as_bytes().removesuffix(b"\r\n")
        self._message_id_domain = identity.message_id_domain

    def build(self, letter: Letter, recipient: str) -> bytes:
        """The message as it goes over the wire, CRLF line ends. ``recipient`` is what ``mail_address`` returned.

        Raises ValueError when a header value contains control characters, or is longer than a line may be.
        """
        if CONTROL_CHARACTERS.search(letter.subject):
            raise ValueError("control characters in the subject")
        if len(letter.subject) > _LONGEST_LINE:  # folding takes time that grows with the square of it
            raise ValueError("a subject longer than a line")
        message = EmailMessage(policy=_WIRE)
        message["To"] = Address(addr_spec=recipient)
        message["Subject"] = letter.subject
        message["Date"] = letter.written_at
        message["Message-ID"] = f"<{letter.notification_id}@{self._message_id_domain}>"
        message.set_content(letter.body, charset="utf-8")  # clears Content- headers: that of the language comes after
        message["Content-Language"] = letter.language
        return self._constant_headers + message.as_bytes()
