"""A letter as an e-mail message: headers that tell machines it is automatic, and no way to inject any.

RFC 3834 §5 asks for ``Auto-Submitted: auto-generated``, so that no vacation responder answers;
``X-Auto-Response-Suppress`` says the same to Exchange. The Message-ID is the notification id and the Date the time of
the request: a repeated message is byte for byte the same, and mailbox programs show it once.
"""

from __future__ import annotations

import email.policy
import re
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage

from email_validator import EmailNotValidError, validate_email

from services.notifier.domain.letter import Letter

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_WIRE = email.policy.SMTP.clone(cte_type="7bit")  # no relay along the way can damage 7-bit text


@dataclass(frozen=True, slots=True)
class SenderIdentity:
    """Who writes. ``message_id_domain`` is the right-hand side of Message-IDs."""

    address: str
    name: str
    reply_to: str
    message_id_domain: str


def mail_address(text: str) -> str | None:
    """``text`` as an ASCII ``local@domain`` that may stand in a command and a header; None: it is not one.

    Internal domains are allowed; addresses that need SMTPUTF8 are not, since not every relay carries them.
    """
    if _CONTROL.search(text):
        return None
    try:
        found = validate_email(
            text.strip(),
            check_deliverability=False,
            allow_smtputf8=False,
            globally_deliverable=False,
            strict=True,
        )
    except EmailNotValidError:
        return None
    return found.ascii_email


def build_message(letter: Letter, recipient: str, identity: SenderIdentity) -> bytes:
    """The message as it goes over the wire, CRLF line ends. ``recipient`` is what ``mail_address`` returned.

    Raises ValueError when a header value contains control characters.
    """
    if _CONTROL.search(letter.subject):
        raise ValueError("control characters in the subject")
    message = EmailMessage(policy=_WIRE)
    message["From"] = Address(identity.name, addr_spec=identity.address)
    message["To"] = Address(addr_spec=recipient)
    message["Reply-To"] = Address(identity.name, addr_spec=identity.reply_to)
    message["Subject"] = letter.subject
    message["Date"] = letter.written_at
    message["Message-ID"] = f"<{letter.notification_id}@{identity.message_id_domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(letter.body, charset="utf-8")  # clears Content- headers, so that of the language comes after
    message["Content-Language"] = letter.language
    return message.as_bytes()
