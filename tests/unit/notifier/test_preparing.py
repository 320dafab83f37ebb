"""Preparing a letter never takes a lane with it: neither by its time nor by an error nobody thought of."""

from __future__ import annotations

import time

import pytest

from services.notifier.domain.notification import EXAMPLE_PARAMETERS, Template
from services.notifier.media.mail.letter import Letter
from services.notifier.media.mail.letter_writer import LetterWriter
from services.notifier.media.mail.medium import MailMedium
from services.notifier.media.mail.message import MessageBuilder, SenderIdentity
from services.notifier.media.mail.settings import SmtpSettings
from services.notifier.media.mail.smtp import SmtpRelay
from services.notifier.sending.medium import Parcel, Unsendable
from services.notifier.sending.preparing import prepared
from shared.events.notifications import NotificationRequested
from tests.unit.notifier.letters import a_request, a_writer

IDENTITY = SenderIdentity("complaints@example.com", "Example", None, "example.com")
MESSAGES = MessageBuilder(IDENTITY)
LETTERS = a_writer()
AS_LARGE_AS_A_RECORD = 900_000
MOST_SECONDS = 3.0
"""Of processor time, on a slow machine; without a bound, the worst of these took twenty."""


def addressed(request: NotificationRequested, letters: LetterWriter, messages: MessageBuilder) -> Parcel | Unsendable:
    """What the sender would hand over; no relay is asked."""
    return prepared(request, MailMedium(letters, messages, SmtpRelay(SmtpSettings())))


@pytest.mark.parametrize("piece", ["a b ", "x", "的", "=?utf-8?q?", "\t", "' \"", "ab, "])
def test_the_time_for_a_subject_is_bounded(piece: str) -> None:
    text = piece * (AS_LARGE_AS_A_RECORD // 3 // len(piece.encode()))
    begun = time.thread_time()
    outcome = addressed(a_request(number=1).model_copy(update={"ticket_number": text}), LETTERS, MESSAGES)
    assert time.thread_time() - begun < MOST_SECONDS
    assert isinstance(outcome, Unsendable)
    assert outcome.reason == "bad_field"


@pytest.mark.parametrize("piece", ["a b ", "的", "\n", "=", ".\r\n", "{{"])
@pytest.mark.parametrize("template", [Template.RESULT, Template.BREACH_NOTICE])
def test_the_time_for_a_body_is_bounded(template: Template, piece: str) -> None:
    given = EXAMPLE_PARAMETERS[template]
    texts = {name: piece * (AS_LARGE_AS_A_RECORD // len(given) // len(piece.encode())) for name in given}
    parameters = {name: value if name.endswith(("_at", "_by")) else texts[name] for name, value in given.items()}
    request = a_request(number=1).model_copy(update={"template": template, "parameters": parameters})
    begun = time.thread_time()
    addressed(request, LETTERS, MESSAGES)
    assert time.thread_time() - begun < MOST_SECONDS


@pytest.mark.parametrize("error", [RuntimeError("Zhang San"), IndexError(), RecursionError(), LookupError("x")])
def test_an_error_nobody_thought_of_fails_one_letter_and_is_named_by_class(error: Exception) -> None:
    class Broken(MessageBuilder):
        def build(self, letter: Letter, recipient: str) -> bytes:
            raise error

    outcome = addressed(a_request(number=1), LETTERS, Broken(IDENTITY))
    assert outcome == Unsendable("unhandled", f"{type(error).__name__} while the letter was prepared")
    assert isinstance(addressed(a_request(number=2), LETTERS, MESSAGES), Parcel)


def refusal_for(email: str) -> str | None:
    outcome = addressed(a_request(email=email), LETTERS, MESSAGES)
    return outcome.reason if isinstance(outcome, Unsendable) else None


@pytest.mark.parametrize("email", ["complaints@example.com", "Complaints@EXAMPLE.com", "complaints+x@example.com"])
def test_the_bus_writes_no_letter_to_itself(email: str) -> None:
    assert refusal_for(email) == "own_address"


def test_nor_to_a_department_that_has_its_address() -> None:
    request = a_request(Template.BREACH_NOTICE, "en")
    written = addressed(request, LETTERS, MESSAGES)
    assert isinstance(written, Parcel)
    own = MessageBuilder(SenderIdentity(written.recipient, "Example", None, "example.com"))
    outcome = addressed(request, LETTERS, own)
    assert isinstance(outcome, Unsendable)
    assert outcome.reason == "own_address"


@pytest.mark.parametrize("domain", ["example.cn", "mail.example.com"])
@pytest.mark.parametrize(
    "local",
    ["MAILER-DAEMON", "postmaster", "no-reply", "noreply", "No.Reply", "do_not_reply", "bounces+1=2", "noreply+tag"],
)
def test_no_letter_goes_where_machines_write_from(local: str, domain: str) -> None:
    assert refusal_for(f"{local}@{domain}") == "robot_address"


@pytest.mark.parametrize("local", ["noreply.li", "postmaster.li", "bouncer", "complaints", "daemon.li"])
def test_a_person_whose_address_is_only_like_one_gets_a_letter(local: str) -> None:
    assert refusal_for(f"{local}@example.cn") is None


def test_a_medium_nobody_carries_has_a_reason() -> None:
    outcome = addressed(a_request().model_copy(update={"medium": "pigeon"}), LETTERS, MESSAGES)
    assert isinstance(outcome, Unsendable)
    assert outcome.reason == "unknown_medium"
