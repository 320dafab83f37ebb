"""Every medium passes the same suite: mail with a real server, and one that has nothing to do with mail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from deploy.local.smtp_sink_process import SmtpSink
from services.notifier.adapters.config_files import load_departments
from services.notifier.media.mail.medium import MailMedium
from services.notifier.media.mail.message import MessageBuilder, SenderIdentity
from services.notifier.media.mail.settings import SmtpSettings
from services.notifier.media.mail.smtp import SmtpRelay
from services.notifier.sending.medium import Medium
from shared.events.notifications import NotificationRequested
from tests.contract.medium_conformance import MediumConformance
from tests.support.medium_bench import Answer, Arrival
from tests.support.memory_medium import Loft, PigeonMedium
from tests.unit.notifier.letters import CONFIG, a_writer

DEPARTMENTS = load_departments(CONFIG / "departments.yaml").by_id()


class PigeonBench(Loft):
    """The loft, and pigeons for it."""

    def medium(self) -> Medium:
        """A new connection."""
        return PigeonMedium(self, DEPARTMENTS)


SCRIPT: Mapping[Answer, str] = {
    Answer.REFUSE_FOR_NOW: "450",
    Answer.REFUSE_FOR_GOOD: "550",
    Answer.BREAK_OFF: "421",
    Answer.FALL_SILENT: "drop-after-data",
}
"""What the mail server calls it."""


class MailBench:
    """A mail server of its own, since it is stopped in the middle of tests."""

    def __init__(self, sink: SmtpSink) -> None:
        self._sink = sink
        self._messages = MessageBuilder(SenderIdentity("noreply@example.com", "Example", None, "notifier.example.com"))

    def medium(self) -> Medium:
        """A new connection."""
        smtp = SmtpSettings(host=self._sink.host, port=self._sink.port, timeout_seconds=5, final_reply_seconds=5)
        return MailMedium(a_writer(), self._messages, SmtpRelay(smtp))

    def answer(self, answer: Answer) -> None:
        """Once per address: each message of the suite has its own."""
        self._sink.misbehave({"recipient": "", "action": SCRIPT[answer], "times": 1})

    def arrived(self, request: NotificationRequested) -> list[Arrival]:
        """From the truth log; what was answered is answered, so the next message meets no rule."""
        self._sink.misbehave()
        wanted = f"<{request.notification_id}@notifier.example.com>"
        found = [mail for mail in self._sink.accepted() if mail["message_id"] == wanted]
        return [Arrival(mail["rcpt_tos"][0], mail["text"]) for mail in found]

    def go_away(self) -> None:
        """The process ends, and its connections with it."""
        self._sink.kill()

    def come_back(self) -> None:
        """On the same port."""
        self._sink.start()


@pytest.fixture(scope="module")
def sink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmtpSink]:
    with SmtpSink(tmp_path_factory.mktemp("sink"), keep_text=True) as sink:
        yield sink


class TestMail(MediumConformance):
    """Letters by SMTP."""

    @pytest.fixture
    def bench(self, sink: SmtpSink) -> MailBench:
        sink.misbehave()
        return MailBench(sink)


class TestMemory(MediumConformance):
    """Carrier pigeons."""

    @pytest.fixture
    def bench(self) -> PigeonBench:
        return PigeonBench()
