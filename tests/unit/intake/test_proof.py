"""A query code opens its own case and no other, however its id is written; and it is shown to nobody."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.proof import QueryCode
from shared.events import ids

SECRET = b"a secret for tests alone"
CASES = st.uuids().map(str)


@given(case=CASES)
def test_a_code_opens_its_case_in_the_one_written_form(case: str) -> None:
    code = ids.query_code(SECRET, case)
    for written in (case, case.upper(), UUID(case).hex, f"{{{case}}}"):
        assert QueryCode(written, code).opened(SECRET) == case


@given(case=CASES, other=CASES)
def test_the_code_of_another_case_or_secret_opens_nothing(case: str, other: str) -> None:
    code = ids.query_code(SECRET, case)
    assert QueryCode(other, code).opened(SECRET) == (case if other == case else None)
    assert QueryCode(case, code).opened(b"another secret, not this") is None


@given(case=st.text(max_size=40), code=st.text(max_size=40))
def test_whatever_is_typed_opens_nothing(case: str, code: str) -> None:
    assert QueryCode(case, code).opened(SECRET) is None


def test_a_code_is_not_shown_where_its_proof_is() -> None:
    assert "K7" not in repr(QueryCode("the case", "K7"))
