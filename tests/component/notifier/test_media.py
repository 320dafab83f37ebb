"""A sender with two media: each message goes by its own, and none waits for the provider of another."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from deploy.local.ports import free_port
from deploy.local.smtp_sink_process import SmtpSink
from services.notifier.adapters.config_files import load_departments
from services.notifier.bootstrap import media
from services.notifier.sending.medium import MakeMedium
from shared.events.ids import complaint_id
from shared.events.notifications import NotificationFailed, NotificationRequested
from tests.support.memory_medium import Loft, PigeonMedium
from tests.support.sender_bench import CONFIG, SenderBench, kinds, sender_settings
from tests.unit.notifier.letters import a_request

MakeBench = Callable[[int], SenderBench]
MakeRequest = Callable[[str], NotificationRequested]


@pytest.fixture
def loft() -> Loft:
    return Loft()


@pytest.fixture
def make_bench(loft: Loft) -> Iterator[MakeBench]:
    """Benches of senders that talk to a relay on a port, and have pigeons."""
    departments = load_departments(CONFIG / "departments.yaml").by_id()
    benches: list[SenderBench] = []

    def make(port: int) -> SenderBench:
        settings = sender_settings(port)
        plugs: list[MakeMedium] = [*media(settings), lambda: PigeonMedium(loft, departments)]
        benches.append(SenderBench(settings, plugs))
        return benches[-1]

    yield make
    for bench in benches:
        bench.stop()


@pytest.fixture
def make_request(unique_name: Callable[[str], str]) -> MakeRequest:
    """Makes requests for a medium, all of one complaint."""
    complaint = complaint_id("web", unique_name("media"))

    def make(medium: str) -> NotificationRequested:
        request = a_request(complaint_id=complaint, email="reader@example.com")
        return request.model_copy(update={"medium": medium, "notification_id": f"{complaint}-{medium}"})

    return make


def test_each_message_goes_by_the_medium_its_request_names(
    smtp_sink: SmtpSink, loft: Loft, make_bench: MakeBench, make_request: MakeRequest
) -> None:
    bench, mail, pigeon = make_bench(smtp_sink.port), make_request("email"), make_request("pigeon")
    bench.start()
    bench.request(mail, pigeon)
    bench.wait_until_settled([mail, pigeon])
    for request in (mail, pigeon):
        outcomes = bench.outcomes(request)
        assert kinds(outcomes) == ["attempted", "sent"]
        assert {outcome.medium for outcome in outcomes} == {request.medium}
    taken = [message["message_id"] for message in smtp_sink.accepted()]
    assert taken.count(f"<{mail.notification_id}@notifier.example.com>") == 1
    assert f"<{pigeon.notification_id}@notifier.example.com>" not in taken
    assert (len(loft.arrived(mail)), len(loft.arrived(pigeon))) == (0, 1)


def test_no_message_waits_for_the_provider_of_another_medium(
    loft: Loft, make_bench: MakeBench, make_request: MakeRequest
) -> None:
    bench, mail, pigeon = make_bench(free_port()), make_request("email"), make_request("pigeon")
    bench.start()
    bench.request(mail, pigeon)
    bench.wait_until_settled([pigeon])
    bench.wait_for(lambda: bench.sender.problem() == "the mail relay cannot be reached", "readiness to name the relay")
    assert kinds(bench.outcomes(mail)) == []


def test_readiness_names_the_provider_that_is_away(
    smtp_sink: SmtpSink, loft: Loft, make_bench: MakeBench, make_request: MakeRequest
) -> None:
    bench, mail, pigeon = make_bench(smtp_sink.port), make_request("email"), make_request("pigeon")
    loft.go_away()
    bench.start()
    bench.request(mail, pigeon)
    bench.wait_until_settled([mail])
    bench.wait_for(lambda: bench.sender.problem() == "the pigeon loft cannot be reached", "readiness to name the loft")
    loft.come_back()
    bench.wait_until_settled([pigeon])
    bench.wait_for(lambda: bench.sender.is_ready, "the sender to be ready")


def test_a_medium_nobody_carries_fails_with_a_reason(
    smtp_sink: SmtpSink, make_bench: MakeBench, make_request: MakeRequest
) -> None:
    bench, request = make_bench(smtp_sink.port), make_request("telepathy")
    bench.start()
    bench.request(request)
    bench.wait_until_settled([request])
    (outcome,) = bench.outcomes(request)
    assert isinstance(outcome, NotificationFailed)
    assert (outcome.medium, outcome.reason) == ("telepathy", "unknown_medium")
