"""``cbus compose``: events in, letters out, nothing sent."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.cli.ask.compose import QUERY_CODE_SHOWN, Correspondences
from services.cli.console.json_lines import run_batch
from services.notifier.media.mail.addresses import mail_address
from services.notifier.media.mail.medium import MailMedium
from services.notifier.media.mail.message import MessageBuilder, SenderIdentity
from services.notifier.media.mail.settings import SmtpSettings
from services.notifier.media.mail.smtp import SmtpRelay
from shared.events.base import Event
from tests.unit.notifier.cases import COMPLAINT_ID, POLICY, breached, dispatched, registered, resolved
from tests.unit.notifier.letters import CONFIG, a_request, a_writer
from tests.unit.notifier.test_courier import Lane

MESSAGES = MessageBuilder(SenderIdentity("a@example.com", "A", "a@example.com", "example.com"))
EXAMPLES = CONFIG.parents[1] / "shared" / "events" / "examples"


def line(event: Event, **more: Any) -> dict[str, Any]:
    return {"type": event.event_type, "data": event.model_dump(mode="json"), **more}


def run(*lines: dict[str, Any]) -> tuple[int, list[dict[str, Any]]]:
    """Exit code and answers."""
    sink = io.StringIO()
    medium = MailMedium(a_writer(), MESSAGES, SmtpRelay(SmtpSettings()))
    handle = Correspondences(POLICY, [medium]).answer
    code = run_batch(handle, [json.dumps(document) for document in lines], sink)
    return code, [json.loads(answer) for answer in sink.getvalue().splitlines()]


def test_events_of_a_complaint_build_on_one_another() -> None:
    code, answers = run(
        line(registered(language="en"), id="a"), line(breached()), line(dispatched("logistics")), line(resolved())
    )
    assert code == 0
    told = [[(message["template"], message["to"]) for message in answer["messages"]] for answer in answers]
    assert told == [
        [("acknowledgement", "li.hua@example.cn")],
        [],
        [("breach_notice", "logistics@example.com")],
        [("result", "li.hua@example.cn")],
    ]
    assert answers[0]["id"] == "a"
    assert answers[0]["complaint_id"] == COMPLAINT_ID
    assert answers[0]["messages"][0]["text"].startswith("Dear ")


def test_who_is_not_told_is_named_with_the_reason() -> None:
    _, (answer,) = run(line(registered(email=None)))
    assert answer["messages"] == []
    assert answer["skipped"] == [{"template": "acknowledgement", "reason": "no_address"}]


def test_a_request_is_written_out_and_one_that_cannot_be_says_why() -> None:
    _, (good, bad) = run(line(a_request()), line(a_request(parameters={})))
    assert good["messages"][0]["subject"].startswith("【示例企业】已收到您的投诉")
    assert bad["messages"] == []
    assert bad["unsendable"][0]["reason"] == "template_failed"


def test_a_bad_line_is_refused_in_its_place_without_repeating_it() -> None:
    code, answers = run({"type": "no.such.v1", "data": {}}, line(registered()), {"type": "complaint.rejected.v1"})
    assert code == 1
    assert answers[0]["error"]["field"] == "type"
    assert len(answers[1]["messages"]) == 1
    assert answers[2]["error"]["field"] == "data"


def test_the_documented_example_of_a_request_can_be_sent() -> None:
    data = json.loads((EXAMPLES / "notification.requested.v1.json").read_text(encoding="utf-8"))
    _, (answer,) = run({"type": "notification.requested.v1", "data": data})
    assert len(answer["messages"]) == 1


def test_the_documented_examples_of_a_case_give_letters() -> None:
    names = ("complaint.registered", "complaint.dispatched", "sla.breached", "sla.corrected", "complaint.resolved")
    lines = [
        {"type": f"{name}.v1", "data": json.loads((EXAMPLES / f"{name}.v1.json").read_text(encoding="utf-8"))}
        for name in names
    ]
    code, answers = run(*lines)
    assert code == 0
    assert [len(answer["messages"]) for answer in answers] == [1, 0, 1, 1, 1]
    assert all(answer["unsendable"] == answer["skipped"] == [] for answer in answers)


def test_the_masked_query_code_is_no_code() -> None:
    assert set(QUERY_CODE_SHOWN) == {"*", "-"}


BAD_ADDRESSES = [
    "li.hua@example.cn\r\nBcc: all@example.cn",
    "li.hua@example.cn\nSubject: x",
    "li.hua@",
    "@example.cn",
    "two@example.cn, three@example.cn",
    "Li Hua <li.hua@example.cn>",
    "li.hua@example.cn\u2028",
    "李华@example.cn",
    "13800000000",
    "a@b@c.cn",
]


@pytest.mark.parametrize("email", BAD_ADDRESSES)
def test_an_address_the_sender_would_refuse_is_shown_as_what_the_sender_says(email: str) -> None:
    code, (registration, request) = run(line(registered(email=email)), line(a_request(email=email)))
    assert code == 0
    for answer in (registration, request):
        assert answer["messages"] == []
        assert [(each["template"], each["reason"]) for each in answer["unsendable"]] == [
            ("acknowledgement", "bad_address")
        ]


def test_the_address_shown_is_the_one_that_is_written_to() -> None:
    _, (answer,) = run(line(a_request(email="Li.Hua@BÜCHER.example")))
    assert answer["messages"][0]["to"] == mail_address("Li.Hua@BÜCHER.example")
    assert answer["messages"][0]["to"].isascii()


_ADDRESSES = st.one_of(
    st.emails(),
    st.text(max_size=40),
    st.builds("{}{}{}".format, st.sampled_from(["li.hua", "a b", '"x"']), st.text(max_size=3), st.just("@example.cn")),
)


@settings(max_examples=40)
@given(_ADDRESSES)
@example("li.hua@example.cn\r\nBcc: all@example.cn")
def test_what_is_shown_is_what_the_sender_does_for_any_address(email: str) -> None:
    request = a_request(email=email)
    lane = Lane()
    lane.give(request)
    _, (answer,) = run(line(request))
    assert lane.journal.entries == (["attempted", "hand over", "sent"] if answer["messages"] else ["failed"])
