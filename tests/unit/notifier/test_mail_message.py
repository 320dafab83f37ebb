"""The message on the wire: machine-readable as automatic, stable over repeats, and closed to injection."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.media.mail.addresses import mail_address
from services.notifier.media.mail.letter import Letter
from services.notifier.media.mail.message import MessageBuilder, SenderIdentity
from tests.unit.notifier.cases import NOON

IDENTITY = SenderIdentity("noreply@example.com", "示例企业", "complaints@example.com", "notifier.example.com")
BUILDER = MessageBuilder(IDENTITY)
LETTER = Letter("0b1c", "li.hua@example.cn", "zh-CN", "已收到您的投诉", "李华，您好：\n\n.\n已登记。\n", NOON)


def parsed(letter: Letter = LETTER, recipient: str = "li.hua@example.cn") -> EmailMessage:
    message = message_from_bytes(BUILDER.build(letter, recipient), policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_who_reads_no_answers_asks_for_none() -> None:
    message = MessageBuilder(replace(IDENTITY, reply_to=None)).build(LETTER, "li.hua@example.cn")
    assert b"reply-to" not in message.lower()


def test_headers_say_who_when_and_that_a_machine_wrote_it() -> None:
    message = parsed()
    assert message["From"] == "示例企业 <noreply@example.com>"
    assert message["To"] == "li.hua@example.cn"
    assert message["Reply-To"] == "示例企业 <complaints@example.com>"
    assert message["Subject"] == "已收到您的投诉"
    assert message["Message-ID"] == "<0b1c@notifier.example.com>"
    assert message["Date"].datetime == NOON
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["Content-Language"] == "zh-CN"
    assert message.get_content().replace("\r\n", "\n") == LETTER.body


def test_a_repeat_is_byte_for_byte_the_same() -> None:
    first = BUILDER.build(LETTER, "li.hua@example.cn")
    assert BUILDER.build(LETTER, "li.hua@example.cn") == first


def test_the_message_is_seven_bit_with_crlf_line_ends() -> None:
    wire = BUILDER.build(LETTER, "li.hua@example.cn")
    assert max(wire) < 128
    assert wire.endswith(b"\r\n")
    assert b"\n" not in wire.replace(b"\r\n", b"")
    assert b"\r" not in wire.replace(b"\r\n", b"")


@pytest.mark.parametrize("letters", ["a\rBcc: x@example.com", "a\nb", "a\r\nBcc: x@example.com", "a\x00", "a\u2028b"])
def test_control_characters_in_the_subject_are_refused(letters: str) -> None:
    with pytest.raises(ValueError, match="control characters"):
        BUILDER.build(replace(LETTER, subject=letters), "li.hua@example.cn")


@given(st.text(max_size=60))
def test_no_subject_can_add_a_header(subject: str) -> None:
    try:
        message = parsed(replace(LETTER, subject=subject))
    except ValueError:
        return
    assert sorted(message.keys()) == sorted(parsed().keys())
    assert message["To"] == "li.hua@example.cn"


@given(st.text(st.characters(codec="utf-8"), max_size=80))
def test_no_body_can_become_a_header_or_end_the_message(body: str) -> None:
    wire = BUILDER.build(replace(LETTER, body=body), "li.hua@example.cn")
    assert b"\r" not in wire.replace(b"\r\n", b"")
    assert b"\n" not in wire.replace(b"\r\n", b"")
    assert sorted(message_from_bytes(wire, policy=policy.default).keys()) == sorted(parsed().keys())


@pytest.mark.parametrize(
    "text",
    [
        "li.hua@example.cn\r\nBcc: victim@example.com",
        "li.hua@example.cn\nRCPT TO:<victim@example.com>",
        "li.hua@example.cn\r",
        "li.hua@example.cn\x00",
        "li.hua@example.cn\u2028Bcc:x@example.com",
        "a@example.com, b@example.com",
        "a@example.com b@example.com",
        "<a@example.com>",
        "Li Hua <li.hua@example.cn>",
        '"a b"@example.com',
        "a@[127.0.0.1]",
        "a@@example.com",
        "a@",
        "@example.com",
        "a",
        "李华@example.cn",
        "-oX@",
        "a" * 65 + "@example.com",
    ],
)
def test_what_is_not_one_plain_address_is_refused(text: str) -> None:
    assert mail_address(text) is None


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("li.hua@example.cn", "li.hua@example.cn"),
        (" li.hua@example.cn ", "li.hua@example.cn"),
        ("li+case@Example.CN", "li+case@example.cn"),
        ("quality@corp.internal", "quality@corp.internal"),
        ("li@例子.cn", "li@xn--fsqu00a.cn"),
    ],
)
def test_plain_addresses_are_accepted_in_ascii(text: str, address: str) -> None:
    assert mail_address(text) == address


@given(st.text(max_size=40) | st.emails())
def test_whatever_is_accepted_fits_a_command_and_a_header(text: str) -> None:
    address = mail_address(text)
    if address is not None:
        assert address.isascii()
        assert address.isprintable()
        assert not set(address) & set(' <>",;:\\')
        assert parsed(recipient=address)["To"] == address
