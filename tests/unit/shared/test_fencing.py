"""What becomes of a fenced member: it joins anew exactly where no living twin can hold its place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.streaming.kafka.fencing import SESSIONS_TO_WAIT, Verdict, judge

IDS = st.sampled_from(["a", "b", "c", "d"])
SECONDS = st.floats(0, 1_000)


@given(own=st.sets(IDS), waited=SECONDS, session=st.floats(1, 60))
def test_a_place_nobody_holds_or_that_is_held_under_an_id_of_its_own_is_taken_at_once(
    own: set[str], waited: float, session: float
) -> None:
    assert judge(None, own, waited, session) is Verdict.JOIN
    for holder in own:
        assert judge(holder, own, waited, session) is Verdict.JOIN


@given(own=st.sets(IDS), holder=IDS, waited=SECONDS, session=st.floats(1, 60))
def test_a_stranger_in_the_place_is_never_put_out_and_after_two_sessions_it_lives(
    own: set[str], holder: str, waited: float, session: float
) -> None:
    verdict = judge(holder, own - {holder}, waited, session)
    assert verdict is (Verdict.WAIT if waited < SESSIONS_TO_WAIT * session else Verdict.TAKEN)
