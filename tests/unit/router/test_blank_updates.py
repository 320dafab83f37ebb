"""A department that says nothing has said nothing: blank answers and reasons are refused, the case stays as it was."""

from __future__ import annotations

import pytest

from services.router.domain.refusals import Reason, explain
from shared.events.decisions import Resolution
from shared.events.unreadable import LONGEST_DETAIL
from tests.unit.intake.test_blank_fields import BLANK
from tests.unit.router.case_builders import DEPARTMENTS, RESOLUTION, Router
from tests.unit.router.test_case_returns import submitted


def accepted() -> Router:
    router = submitted()
    router.update("after-sales", "accept")
    return router


@pytest.mark.parametrize("blank", BLANK)
@pytest.mark.parametrize("part", ["status", "cause", "measures"])
def test_a_resolution_that_says_nothing_resolves_nothing(part: str, blank: str) -> None:
    router = accepted()
    before = router.state
    told = Resolution.model_validate(RESOLUTION.model_dump() | {part: blank})
    refusal = router.update("after-sales", "resolve", resolution=told).refusal
    assert refusal is not None
    assert refusal.reason == "resolution_blank"
    assert router.state == before


@pytest.mark.parametrize("blank", BLANK)
@pytest.mark.parametrize("action", ["hold", "return"])
def test_a_blank_reason_is_none(action: str, blank: str) -> None:
    router = accepted()
    refusal = router.update("after-sales", action, reason=blank).refusal
    assert refusal is not None
    assert refusal.reason == "reason_required"


def test_every_explanation_fits_into_a_dead_letter_with_the_names_of_many_departments() -> None:
    for reason in Reason:
        assert len(explain(reason, [*DEPARTMENTS, *(f"department-{number}" for number in range(6))])) <= 500


@pytest.mark.parametrize("count", [1, 5, 20, 200])
def test_a_list_of_departments_that_is_too_long_ends_between_two_names(count: int) -> None:
    names = [f"department-of-{number:03}" for number in range(count)]
    told = explain(Reason.UNKNOWN_DEPARTMENT, names)
    assert len(told) <= LONGEST_DETAIL
    shown = told.rpartition(" (")[2].removesuffix(")").split(", ")
    more = count - len([name for name in shown if name in names])
    assert [name for name in shown if name not in names] == ([f"… and {more} more 另有 {more} 个"] if more else [])
    assert shown[0] == names[0]
