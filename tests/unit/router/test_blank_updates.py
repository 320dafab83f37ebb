"""A department that says nothing has said nothing: blank answers and reasons are refused, the case stays as it was."""

from __future__ import annotations

import pytest

from services.router.domain.refusals import Reason, explain
from shared.events.decisions import Resolution
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
