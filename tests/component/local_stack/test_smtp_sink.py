"""The mail sink: a message is in the truth log before the sender hears 250, and misbehaviour is as scripted."""

from __future__ import annotations

import smtplib
import time
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from deploy.local.polling import wait_until
from deploy.local.smtp_sink_process import SmtpSink

Send = Callable[[str], str]


@pytest.fixture
def send(smtp_sink: SmtpSink, unique_name: Callable[[str], str]) -> Send:
    """Send one message to an address; returns its Message-ID."""

    def send_to(recipient: str) -> str:
        message = EmailMessage()
        message["From"], message["To"] = "noreply@example.com", recipient
        message["Subject"] = "您的投诉已受理 / We have your complaint"
        message["Message-ID"] = f"<{unique_name('mail')}@example.com>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content("受理号 20261124-ABCD")
        with smtplib.SMTP(smtp_sink.host, smtp_sink.port, timeout=10) as client:
            client.send_message(message)
        return str(message["Message-ID"])

    return send_to


def logged(sink: SmtpSink, message_id: str) -> list[dict[str, Any]]:
    return [entry for entry in sink.accepted() if entry["message_id"] == message_id]


def answers_noop(client: smtplib.SMTP) -> bool:
    try:
        return client.noop()[0] == 250
    except smtplib.SMTPServerDisconnected:
        return False


def test_an_accepted_message_is_in_the_truth_log_when_the_sender_hears_250(smtp_sink: SmtpSink, send: Send) -> None:
    message_id = send("consumer@example.com")

    [entry] = logged(smtp_sink, message_id)
    assert entry["rcpt_tos"] == ["consumer@example.com"]
    assert entry["mail_from"] == "noreply@example.com"
    assert entry["subject"] == "您的投诉已受理 / We have your complaint"
    assert entry["headers"]["Auto-Submitted"] == "auto-generated"
    assert entry["text"] == "受理号 20261124-ABCD\n"
    assert entry["received_at"].endswith("+00:00")


@pytest.mark.parametrize("code", [450, 550])
def test_a_scripted_refusal_reaches_the_sender_and_nothing_is_logged(
    smtp_sink: SmtpSink, send: Send, code: int
) -> None:
    before = len(smtp_sink.accepted())
    smtp_sink.misbehave({"recipient": "refused@", "action": str(code)})

    with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
        send("refused@example.com")

    assert refusal.value.recipients["refused@example.com"][0] == code
    assert len(smtp_sink.accepted()) == before
    assert send("other@example.com")


def test_421_refuses_and_closes_the_connection(smtp_sink: SmtpSink) -> None:
    smtp_sink.misbehave({"recipient": "", "action": "421"})
    with smtplib.SMTP(smtp_sink.host, smtp_sink.port, timeout=10) as client:
        client.ehlo()
        client.mail("noreply@example.com")
        assert client.rcpt("consumer@example.com")[0] == 421
        wait_until(lambda: not answers_noop(client), "the server to hang up", timeout_seconds=5)


def test_a_greylisted_recipient_is_accepted_at_the_second_try(smtp_sink: SmtpSink, send: Send) -> None:
    smtp_sink.misbehave({"recipient": "grey", "action": "450", "times": 1})
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send("grey.list@example.com")
    assert logged(smtp_sink, send("grey.list@example.com"))


def test_a_connection_dropped_after_data_leaves_the_message_accepted_and_the_sender_in_doubt(
    smtp_sink: SmtpSink, send: Send
) -> None:
    before = len(smtp_sink.accepted())
    smtp_sink.misbehave({"recipient": "doubt", "action": "drop-after-data"})
    with pytest.raises(smtplib.SMTPServerDisconnected):
        send("doubt@example.com")
    assert [entry["rcpt_tos"] for entry in smtp_sink.accepted()[before:]] == [["doubt@example.com"]]


def test_a_slow_answer_comes_late_and_the_message_is_logged_before_it(smtp_sink: SmtpSink, send: Send) -> None:
    smtp_sink.misbehave({"recipient": "slow", "action": "slow", "seconds": 0.4})
    started = time.monotonic()
    message_id = send("slow@example.com")
    assert time.monotonic() - started >= 0.4
    assert logged(smtp_sink, message_id)


def test_the_truth_log_survives_kill_9_and_the_sink_comes_back_on_its_port(tmp_path: Path) -> None:
    with SmtpSink(tmp_path) as sink:
        port = sink.port
        for number in range(2):
            with smtplib.SMTP(sink.host, port, timeout=10) as client:
                client.sendmail("a@example.com", ["b@example.com"], f"Message-ID: <{number}@example.com>\r\n\r\nx")
            sink.kill()
            sink.start()
        assert [entry["message_id"] for entry in sink.accepted()] == ["<0@example.com>", "<1@example.com>"]
        assert "text" not in sink.accepted()[0]
