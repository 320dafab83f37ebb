"""Every measurement draws complaints that go to one and a half departments on average."""

from __future__ import annotations

import itertools

import pytest

from tests.bench.complaints import DEPARTMENTS_EACH, samples, submissions
from tests.bench.fan_out import departments_of, drawn


def test_the_submissions_go_to_one_and_a_half_departments_on_average() -> None:
    sizes = departments_of(submissions())
    assert DEPARTMENTS_EACH == 1.5
    assert sum(sizes) / len(sizes) == pytest.approx(1.5, abs=0.02)
    assert sum(sizes[:300]) / 300 == pytest.approx(1.5, abs=0.02)


def test_every_sample_is_among_them() -> None:
    named = {sample["channel_message_id"] for sample in samples()}
    assert {submission["channel_message_id"] for submission in submissions()} == named


@pytest.mark.parametrize("average", [1.1, 1.5, 2.7])
def test_any_average_between_the_sizes_can_be_drawn(average: float) -> None:
    sizes = [1, 1, 2, 3, 1, 4]
    some = list(itertools.islice(drawn(sizes, sizes, average), 1000))
    assert sum(some) / len(some) == pytest.approx(average, abs=0.01)
    assert set(some) == set(sizes)


def test_an_average_outside_the_sizes_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be drawn"):
        next(drawn([1, 2], [1, 2], 2.5))
