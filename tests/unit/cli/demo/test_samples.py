"""Samples are sent over and over, each time as a new complaint of its own."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import pytest

from services.cli.demo.samples import mixed, read_samples, submissions
from shared.errors import ConfigurationError
from shared.events import ids


def sample_file(directory: Path, *lines: str) -> Path:
    file = directory / "some.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def test_every_round_has_new_keys_and_the_same_bodies(tmp_path: Path) -> None:
    samples = read_samples(sample_file(tmp_path, '{"narrative":"a"}', "", '{"narrative":"b","channel":"mail"}'))
    sent = list(islice(submissions(samples, "run"), 5))
    assert len({submission.key for submission in sent}) == 5
    assert len({submission.complaint_id for submission in sent}) == 5
    assert [json.loads(submission.body)["narrative"] for submission in sent] == ["a", "b", "a", "b", "a"]


def test_mixing_loses_and_repeats_nothing_and_is_repeatable(tmp_path: Path) -> None:
    samples = read_samples(sample_file(tmp_path, *(json.dumps({"narrative": str(number)}) for number in range(9))))
    order = mixed(samples, 1)
    assert order != samples
    assert sorted(order, key=samples.index) == samples
    assert mixed(samples, 1) == order


def test_a_small_file_is_not_drowned_by_a_large_one(tmp_path: Path) -> None:
    for name, rows in (("large", 30), ("small", 2)):
        lines = (json.dumps({"narrative": f"{name} {number}"}) for number in range(rows))
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))
    samples = [sample for name in ("large", "small") for sample in read_samples(tmp_path / f"{name}.jsonl")]
    sent = list(islice(submissions(mixed(samples, 1), "run"), 20))
    assert sum(submission.place.startswith("small.jsonl:") for submission in sent) == 10
    assert len({submission.key for submission in sent}) == 20


def test_a_sample_knows_its_file_and_line(tmp_path: Path) -> None:
    samples = read_samples(sample_file(tmp_path, '{"narrative":"a"}', "", '{"narrative":"b"}'))
    assert [sample.place for sample in samples] == ["some.jsonl:1", "some.jsonl:3"]


def test_two_demos_never_share_a_key(tmp_path: Path) -> None:
    samples = read_samples(sample_file(tmp_path, '{"narrative":"a"}'))
    first, second = (next(submissions(samples, run)).key for run in ("run-1", "run-2"))
    assert first != second


def test_the_complaint_id_is_the_one_the_door_will_give(tmp_path: Path) -> None:
    (sample,) = read_samples(sample_file(tmp_path, '{"narrative":"b","channel":"mail"}'))
    submission = next(submissions([sample], "run"))
    assert submission.complaint_id == ids.complaint_id("mail", submission.key)


def test_instants_of_the_past_are_left_out(tmp_path: Path) -> None:
    line = '{"narrative":"a","received_at":"2020-01-01T00:00:00Z","regulator_respond_by":"2020-01-02T00:00:00Z"}'
    (sample,) = read_samples(sample_file(tmp_path, line))
    assert json.loads(sample.body) == {"narrative": "a"}


@pytest.mark.parametrize("line", ["{", "[1]", '"text"'])
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigurationError, match=r"some\.jsonl:2: not"):
        read_samples(sample_file(tmp_path, "{}", line))


def test_nothing_to_send_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no sample complaints"):
        read_samples(sample_file(tmp_path, ""))
    with pytest.raises(ConfigurationError, match="absent"):
        read_samples(tmp_path / "absent.jsonl")
