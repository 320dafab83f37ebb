"""What the sender relies on, as a suite every medium must pass. Subclasses provide ``bench``.

Whoever adds a medium writes a bench for its provider: a real server on this machine, made to refuse, fall silent or go
away. The sender's tests are then right about the new medium as well, since they rest on nothing else.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from services.notifier.domain.notification import LANGUAGES, Template
from services.notifier.domain.retry import Handover, HandoverResult
from services.notifier.sending.medium import Medium, MediumUnreachable, Parcel, Unsendable
from services.notifier.sending.preparing import prepared
from shared.events.notifications import NotificationRequested
from tests.support.medium_bench import Answer, Arrival, MediumBench
from tests.unit.notifier.cases import TICKET
from tests.unit.notifier.letters import a_request

_CODE = re.compile(r"[a-z][a-z0-9_]{1,39}")


class MediumConformance:
    """The promises. ``bench`` comes from the subclass."""

    @pytest.fixture
    def medium(self, bench: MediumBench) -> Iterator[Medium]:
        medium = bench.medium()
        yield medium
        medium.close()

    @pytest.fixture
    def a_message(self, medium: Medium, unique_name: Callable[[str], str]) -> Callable[..., NotificationRequested]:
        """Makes requests for this medium, each of a complaint and to an address of its own."""
        salt, numbers = unique_name("message"), itertools.count()

        def make(template: Template = Template.ACKNOWLEDGEMENT, **given: Any) -> NotificationRequested:
            name = f"{salt}-{next(numbers)}"
            changes = {"medium": medium.name} | given.pop("changes", {})
            request = a_request(template, **{"email": f"{name}@example.com", "complaint_id": name} | given)
            return request.model_copy(update=changes)

        return make

    # -- preparing -----------------------------------------------------------------------------------------------

    def test_every_message_can_be_prepared_without_a_connection_and_names_the_case(
        self, bench: MediumBench, a_message: Callable[..., NotificationRequested]
    ) -> None:
        bench.go_away()
        try:
            medium = bench.medium()
            for template, language in itertools.product(Template, LANGUAGES):
                parcel = parcel_of(medium, a_message(template, language=language))
                assert TICKET in (parcel.heading or "") + parcel.text
                assert parcel.recipient
                assert parcel.wire
        finally:
            bench.come_back()

    def test_a_request_always_gives_the_same_parcel_on_any_connection(
        self, bench: MediumBench, medium: Medium, a_message: Callable[..., NotificationRequested]
    ) -> None:
        request = a_message()
        assert medium.prepare(request) == medium.prepare(request) == bench.medium().prepare(request)

    def test_an_addressee_is_the_same_whatever_is_said_and_another_is_not(
        self, medium: Medium, a_message: Callable[..., NotificationRequested]
    ) -> None:
        one, same, other = (
            parcel_of(medium, a_message(template, email=f"{who}@example.com"))
            for template, who in (
                (Template.ACKNOWLEDGEMENT, "ann"),
                (Template.REOPENED, "ann"),
                (Template.REOPENED, "ben"),
            )
        )
        assert one.addressee == same.addressee
        assert one.addressee != other.addressee

    @pytest.mark.parametrize(
        ("template", "given", "reason"),
        [
            (Template.ACKNOWLEDGEMENT, {"email": None}, "no_address"),
            (Template.ACKNOWLEDGEMENT, {"changes": {"complainant": None}}, "no_address"),
            (Template.BREACH_NOTICE, {"department": "astrology"}, "unknown_department"),
            (Template.ACKNOWLEDGEMENT, {"changes": {"template": "horoscope"}}, "template_failed"),
            (Template.ACKNOWLEDGEMENT, {"changes": {"language": "tlh"}}, "template_failed"),
            (Template.ACKNOWLEDGEMENT, {"changes": {"medium": "nobody carries it"}}, "unknown_medium"),
        ],
    )
    def test_what_cannot_be_sent_has_a_reason_and_the_reason_names_nobody(
        self,
        medium: Medium,
        a_message: Callable[..., NotificationRequested],
        template: Template,
        given: dict[str, Any],
        reason: str,
    ) -> None:
        request = a_message(template, name="Zhang Wei", **given)
        refused = prepared(request, medium)
        assert isinstance(refused, Unsendable)
        assert refused.reason == reason
        assert "Zhang" not in refused.detail
        assert request.complaint_id not in refused.detail

    # -- handing over --------------------------------------------------------------------------------------------

    def test_what_is_accepted_has_arrived_once_where_it_was_meant_to(
        self, bench: MediumBench, medium: Medium, a_message: Callable[..., NotificationRequested]
    ) -> None:
        request = a_message()
        parcel = parcel_of(medium, request)
        medium.connect()
        assert is_accepted(medium.hand_over(parcel))
        assert bench.arrived(request) == [Arrival(parcel.recipient, parcel.text)]

    def test_one_connection_serves_many_messages_and_need_not_be_made_before(
        self, bench: MediumBench, medium: Medium, a_message: Callable[..., NotificationRequested]
    ) -> None:
        requests = [a_message() for _ in range(3)]
        assert all(is_accepted(medium.hand_over(parcel_of(medium, request))) for request in requests)
        assert [len(bench.arrived(request)) for request in requests] == [1, 1, 1]

    @pytest.mark.parametrize(
        ("answer", "result", "copies"),
        [
            (Answer.REFUSE_FOR_NOW, HandoverResult.TRY_LATER, 0),
            (Answer.REFUSE_FOR_GOOD, HandoverResult.REFUSED, 0),
            (Answer.BREAK_OFF, HandoverResult.TRY_LATER, 0),
            (Answer.FALL_SILENT, HandoverResult.UNKNOWN, 1),
        ],
    )
    def test_each_end_has_its_meaning_and_the_next_message_is_not_harmed(
        self,
        bench: MediumBench,
        medium: Medium,
        a_message: Callable[..., NotificationRequested],
        answer: Answer,
        result: HandoverResult,
        copies: int,
    ) -> None:
        harmed, next_one = a_message(), a_message()
        medium.connect()
        bench.answer(answer)
        handover = medium.hand_over(parcel_of(medium, harmed))
        assert handover.result is result
        assert _CODE.fullmatch(handover.reason)
        assert len(bench.arrived(harmed)) == copies
        assert is_accepted(medium.hand_over(parcel_of(medium, next_one)))
        assert len(bench.arrived(next_one)) == 1

    def test_a_message_of_unknown_fate_can_be_sent_again_and_is_known_as_the_same(
        self, bench: MediumBench, medium: Medium, a_message: Callable[..., NotificationRequested]
    ) -> None:
        request = a_message()
        bench.answer(Answer.FALL_SILENT)
        assert medium.hand_over(parcel_of(medium, request)).result is HandoverResult.UNKNOWN
        assert is_accepted(medium.hand_over(parcel_of(medium, request)))
        first, second = bench.arrived(request)
        assert first == second

    # -- reaching the provider -----------------------------------------------------------------------------------

    def test_a_provider_that_is_away_is_unreachable_and_no_message_is_to_blame(
        self, bench: MediumBench, medium: Medium, a_message: Callable[..., NotificationRequested]
    ) -> None:
        request = a_message()
        bench.go_away()
        try:
            with pytest.raises(MediumUnreachable) as unreachable:
                medium.connect()
            handover = medium.hand_over(parcel_of(medium, request))
        finally:
            bench.come_back()
        assert handover == Handover(HandoverResult.TRY_LATER, unreachable.value.reason)
        assert _CODE.fullmatch(unreachable.value.reason)
        assert bench.arrived(request) == []
        medium.connect()
        assert is_accepted(medium.hand_over(parcel_of(medium, request)))

    def test_a_connection_that_died_while_idle_is_replaced_without_a_failed_attempt(
        self, bench: MediumBench, medium: Medium, a_message: Callable[..., NotificationRequested]
    ) -> None:
        assert is_accepted(medium.hand_over(parcel_of(medium, a_message())))
        bench.go_away()
        bench.come_back()
        request = a_message()
        assert is_accepted(medium.hand_over(parcel_of(medium, request)))
        assert len(bench.arrived(request)) == 1

    def test_closing_is_always_allowed_and_never_the_end(
        self, bench: MediumBench, medium: Medium, a_message: Callable[..., NotificationRequested]
    ) -> None:
        medium.close_if_idle()
        medium.close()
        medium.connect()
        medium.connect()
        medium.close_if_idle()
        medium.close()
        medium.close()
        medium.connect()
        bench.go_away()
        medium.close()
        bench.come_back()
        assert is_accepted(medium.hand_over(parcel_of(medium, a_message())))

    def test_it_says_what_it_is_and_whom_it_talks_to(self, medium: Medium) -> None:
        assert re.fullmatch("[a-z_]+", medium.name)
        assert re.fullmatch("the [a-z ]+", medium.provider)


def parcel_of(medium: Medium, request: NotificationRequested) -> Parcel:
    """The message ``request`` asks for; there must be one."""
    parcel = medium.prepare(request)
    assert isinstance(parcel, Parcel)
    return parcel


def is_accepted(handover: Handover) -> bool:
    """Whether the provider has the message and said so."""
    return handover.result is HandoverResult.ACCEPTED
