"""The SMTP adapter: what a lost connection or a refusal means depends on where in the conversation it happens."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

import pytest

from deploy.local.ports import free_port
from deploy.local.smtp_sink_process import SmtpSink
from services.notifier.domain.retry import Handover, HandoverResult
from services.notifier.media.mail import smtp
from services.notifier.media.mail.settings import SmtpSettings
from services.notifier.media.mail.smtp import SmtpRelay
from services.notifier.sending.medium import MediumUnreachable
from tests.support.smtp_relays import Conversation, Peer, ScriptedRelay

MESSAGE = b"Subject: x\r\nMessage-ID: <%s@notifier.example.com>\r\n\r\n.one dot\r\n..two dots\r\n.\r\nend\r\n"
ACCEPTED = Handover(HandoverResult.ACCEPTED, "smtp_250")
LOST = Handover(HandoverResult.TRY_LATER, "connection_lost")
NO_REPLY = Handover(HandoverResult.UNKNOWN, "no_reply")


def a_relay(port: int, **settings: float) -> SmtpRelay:
    return SmtpRelay(SmtpSettings(host="127.0.0.1", port=port, timeout_seconds=5, **settings))


def hand_over(*conversations: Conversation, **settings: float) -> Handover:
    """The end of one message with a relay that behaves as told."""
    with ScriptedRelay(*conversations) as scripted:
        relay = a_relay(scripted.port, **settings)
        try:
            return relay.hand_over("li.hua@example.cn", MESSAGE % b"1")
        finally:
            relay.close()


def greeting(*replies: str, then: Callable[[Peer], object] = Peer.reset) -> Conversation:
    """Greet, answer the next commands with ``replies``, then do ``then``."""

    def converse(peer: Peer) -> None:
        peer.greet()
        for reply in replies:
            peer.hear()
            peer.say(reply)
        then(peer)

    return converse


def hear_then_reset(peer: Peer) -> None:
    peer.hear()
    peer.reset()


def take_then_reset(peer: Peer) -> None:
    peer.hear_message()
    peer.reset()


def take_then_say(reply: str) -> Callable[[Peer], None]:
    def converse(peer: Peer) -> None:
        peer.hear_message()
        peer.say(reply)
        peer.hear()

    return converse


def take_then_wait(peer: Peer) -> None:
    peer.hear_message()
    peer.hear()


@pytest.mark.parametrize(
    ("replies", "then", "expected"),
    [
        ((), hear_then_reset, LOST),
        (("250 OK",), hear_then_reset, LOST),
        (("250 OK", "250 OK"), hear_then_reset, LOST),
        (("250 OK", "250 OK", "354 go on"), take_then_reset, NO_REPLY),
        (("250 OK", "250 OK", "354 go on"), take_then_say("250 OK"), ACCEPTED),
        (("250 OK", "250 OK", "354 go on"), take_then_say("451 later"), Handover(HandoverResult.TRY_LATER, "smtp_451")),
        (("250 OK", "250 OK", "354 go on"), take_then_say("421 bye"), Handover(HandoverResult.TRY_LATER, "smtp_421")),
        (("250 OK", "250 OK", "354 go on"), take_then_say("554 spam"), Handover(HandoverResult.REFUSED, "smtp_554")),
        (
            ("250 OK", "250 OK", "354 go on"),
            take_then_say("what?"),
            Handover(HandoverResult.UNKNOWN, "unintelligible_reply"),
        ),
        (("451 later",), hear_then_reset, Handover(HandoverResult.TRY_LATER, "smtp_451")),
        (("553 no",), hear_then_reset, Handover(HandoverResult.REFUSED, "smtp_553")),
        (("250 OK", "450 greylisted"), hear_then_reset, Handover(HandoverResult.TRY_LATER, "smtp_450")),
        (("250 OK", "550 no such user"), hear_then_reset, Handover(HandoverResult.REFUSED, "smtp_550")),
        (("250 OK", "250 OK", "452 full"), hear_then_reset, Handover(HandoverResult.TRY_LATER, "smtp_452")),
        (
            ("250 OK", "250 OK", "250 huh"),
            hear_then_reset,
            Handover(HandoverResult.TRY_LATER, "unintelligible_reply"),
        ),
    ],
)
def test_each_point_of_the_conversation_has_its_meaning(
    replies: tuple[str, ...], then: Callable[[Peer], object], expected: Handover
) -> None:
    assert hand_over(greeting(*replies, then=then)) == expected


def test_crash_points_are_at_a_fresh_connection_and_between_the_dot_and_its_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken, passed = threading.Event(), threading.Event()
    seen: list[tuple[str, bool]] = []

    def pass_by(point: str) -> None:
        seen.append((point, point == "sender.after-dot" and taken.wait(2)))
        if point == "sender.after-dot":
            passed.set()

    def answer_when_passed(peer: Peer) -> None:
        peer.hear_message()
        taken.set()
        seen.append(("answer", passed.wait(2)))
        peer.say("250 OK")
        peer.hear()

    monkeypatch.setattr(smtp, "crash_point", pass_by)
    assert hand_over(greeting("250 OK", "250 OK", "354 go on", then=answer_when_passed)) == ACCEPTED
    assert seen[0] == ("sender.after-connect", False)
    assert set(seen[1:]) == {("sender.after-dot", True), ("answer", True)}


def test_silence_after_the_message_is_unknown_once_the_wait_is_over() -> None:
    conversation = greeting("250 OK", "250 OK", "354 go on", then=take_then_wait)
    assert hand_over(conversation, final_reply_seconds=0.2) == NO_REPLY


def test_a_relay_that_is_not_there_is_unreachable_and_no_message_is_to_blame() -> None:
    relay = a_relay(free_port())
    with pytest.raises(MediumUnreachable, match="connect_failed"):
        relay.connect()
    assert relay.hand_over("li.hua@example.cn", MESSAGE) == Handover(HandoverResult.TRY_LATER, "connect_failed")


def test_a_relay_that_turns_us_away_at_the_door_is_unreachable() -> None:
    with (
        ScriptedRelay(lambda peer: peer.say("554 go away")) as scripted,
        pytest.raises(MediumUnreachable, match="smtp_554"),
    ):
        a_relay(scripted.port).connect()


def test_starttls_that_is_not_offered_is_never_replaced_by_plain_text() -> None:
    with ScriptedRelay(greeting()) as scripted:
        settings = SmtpSettings(host="127.0.0.1", port=scripted.port, security="starttls", timeout_seconds=5)
        with pytest.raises(MediumUnreachable, match="not_supported"):
            SmtpRelay(settings).connect()


@pytest.mark.parametrize("farewell", [Peer.reset, lambda peer: (peer.hear(), peer.say("421 idle for too long"))])
def test_a_connection_that_died_while_idle_is_replaced_without_a_failed_attempt(
    farewell: Callable[[Peer], object],
) -> None:
    def first(peer: Peer) -> None:
        peer.greet()
        peer.take_one()
        farewell(peer)

    def second(peer: Peer) -> None:
        peer.greet()
        peer.take_one()
        peer.hear()

    with ScriptedRelay(first, second) as scripted:
        relay = a_relay(scripted.port)
        assert relay.hand_over("li.hua@example.cn", MESSAGE % b"1") == ACCEPTED
        assert relay.hand_over("li.hua@example.cn", MESSAGE % b"2") == ACCEPTED
        relay.close()
        assert scripted.connections == 2


def test_one_connection_serves_many_messages_also_after_a_refusal() -> None:
    def converse(peer: Peer) -> None:
        peer.greet()
        peer.take_one()
        for reply in ("250 OK", "550 no such user", "250 reset"):
            peer.hear()
            peer.say(reply)
        peer.take_one()
        peer.hear()

    with ScriptedRelay(converse) as scripted:
        relay = a_relay(scripted.port)
        results = [relay.hand_over("li.hua@example.cn", MESSAGE % b"%d" % number) for number in range(3)]
        relay.close()
        assert [result.result for result in results] == [
            HandoverResult.ACCEPTED,
            HandoverResult.REFUSED,
            HandoverResult.ACCEPTED,
        ]
        assert scripted.connections == 1


def test_an_idle_connection_is_closed_by_us() -> None:
    now = 0.0

    def converse(peer: Peer) -> None:
        peer.greet()
        peer.hear()  # QUIT

    with ScriptedRelay(converse, converse) as scripted:
        relay = SmtpRelay(SmtpSettings(host="127.0.0.1", port=scripted.port, idle_seconds=30), lambda: now)
        relay.connect()
        relay.close_if_idle()
        relay.connect()
        assert scripted.connections == 1
        now = 31.0
        relay.close_if_idle()
        relay.connect()
        relay.close()
        assert scripted.connections == 2


def test_a_line_that_is_a_single_dot_does_not_end_the_message(smtp_sink: SmtpSink) -> None:
    relay = a_relay(smtp_sink.port)
    assert relay.hand_over("li.hua@example.cn", MESSAGE % b"dots") == ACCEPTED
    relay.close()
    (found,) = [m for m in smtp_sink.accepted() if m["message_id"] == "<dots@notifier.example.com>"]
    assert found["text"].replace("\r\n", "\n") == ".one dot\n..two dots\n.\nend\n"


@pytest.mark.parametrize("address", ["a@example.com>\r\nRCPT TO:<b@example.com", "a\r\nDATA\r\n@example.com"])
def test_even_an_unchecked_address_cannot_smuggle_a_command(address: str) -> None:
    heard: list[str] = []

    def listen(peer: Peer) -> None:
        peer.greet()
        while command := peer.hear():
            heard.append(command.split(":")[0])
            peer.say("550 no" if command.lower().startswith("rcpt") else "250 OK")

    with ScriptedRelay(listen) as scripted:
        relay = a_relay(scripted.port)
        with contextlib.suppress(ValueError):  # what smtplib says to a newline it cannot do away with
            relay.hand_over(address, MESSAGE)
        relay.close()
    assert heard in (["mail FROM", "rcpt TO", "rset", "quit"], ["mail FROM", "quit"])
