"""``cbus deadline``: one question by options, or many as JSON Lines."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from services.cli.ask.deadline import deadline_command
from tests.unit.sla.calendars import CONFIG

OFFICE = {"tz": "Europe/Berlin", "hours": {"mon": [["09:00", "17:00"]], "tue": [["09:00", "17:00"]]}, "holidays": []}
QUESTION = {"id": "q", "from": "2026-02-13T17:30:00+08:00", "n": 1, "unit": "working_days", "calendar": "cn"}

app = typer.Typer()
app.command()(deadline_command)


def run(*arguments: str, lines: list[Any] | None = None) -> tuple[int, str]:
    """Exit code and standard output; lines that are not texts are written as JSON."""
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines or [])
    result = CliRunner().invoke(app, ["--config-dir", str(CONFIG), *arguments], input=text)
    return result.exit_code, result.stdout


def ask(**change: Any) -> dict[str, Any]:
    """The answer to one line."""
    answer: dict[str, Any] = json.loads(run(lines=[QUESTION | change])[1])
    return answer


def test_answers_come_in_the_order_of_the_questions() -> None:
    questions = [QUESTION | {"id": number, "n": number % 20} for number in range(200)]
    code, output = run(lines=questions)
    assert code == 0
    assert [json.loads(line)["id"] for line in output.splitlines()] == list(range(200))


def test_an_answer_says_when_whether_it_is_certain_and_which_days_count() -> None:
    assert ask() == {
        "id": "q",
        "due": "2026-02-14T18:00:00+08:00",
        "provisional": False,
        "counted_days": ["2026-02-14"],
    }
    assert ask(**{"from": "2026-12-25T10:00:00+08:00", "n": 15})["provisional"] is True


def test_a_question_without_id_is_answered_too() -> None:
    line = {name: value for name, value in QUESTION.items() if name != "id"}
    assert json.loads(run(lines=[line])[1])["id"] is None


def test_a_calendar_may_come_with_the_question() -> None:
    answer = ask(calendar=OFFICE, unit="business_hours", n=3, **{"from": "2026-03-30T16:00:00+02:00"})
    assert answer["due"] == "2026-03-31T11:00:00+02:00"
    assert answer["counted_days"] == ["2026-03-30", "2026-03-31"]


def test_another_time_zone_takes_the_place_of_the_calendars_own() -> None:
    answer = ask(calendar="always-open", unit="natural_days", n=1, timezone="America/New_York")
    assert answer["due"] == "2026-02-15T00:00:00-05:00"


def test_a_start_without_offset_is_read_on_the_calendars_wall() -> None:
    assert ask(unit="hours", n=24, **{"from": "2026-02-13T17:30:00"})["due"] == "2026-02-14T17:30:00+08:00"
    assert ask(**{"from": "2026-02-13"})["due"] == "2026-02-14T18:00:00+08:00"


@pytest.mark.parametrize("as_object", [True, False])
def test_pauses_come_as_objects_or_pairs(as_object: bool) -> None:
    pair = ["2026-02-14T00:00:00+08:00", "2026-02-15T00:00:00"]
    pause = {"from": pair[0], "to": pair[1]} if as_object else pair
    assert ask(pauses=[pause])["due"] == "2026-02-24T18:00:00+08:00"


def test_the_day_rules_can_be_chosen() -> None:
    assert ask(day_end="24:00")["due"] == "2026-02-15T00:00:00+08:00"
    assert ask(unit="natural_days", n=7)["due"] == "2026-02-25T00:00:00+08:00"
    assert ask(unit="natural_days", n=7, roll_forward=False)["due"] == "2026-02-21T00:00:00+08:00"


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"from": "yesterday"}, "from", "ISO 8601"),
        ({"from": 1770975000}, "from", "valid string"),
        ({"from": "2026-02-13", "unit": "hours"}, "from", "time of day"),
        ({"from": "0001-01-01T00:00:00"}, "from", "outside"),
        ({"n": 1.5}, "n", "not whole"),
        ({"n": "1"}, "n", "valid number"),
        ({"n": True}, "n", "valid number"),
        ({"n": -1}, "n", "negative"),
        ({"n": 1e300, "unit": "hours"}, "n", "not a number of hours"),
        ({"unit": "days"}, "unit", "working_days"),
        ({"calendar": "mars"}, "calendar", "known: always-open, cn"),
        ({"calendar": 7}, "calendar", "name of a calendar"),
        ({"calendar": {"tz": "UTC", "hours": {}}}, "calendar", "never opens"),
        ({"calendar": OFFICE | {"hours": {"mon": [["9", "12:00"]]}}}, "calendar.hours.mon.0", "not a time of day"),
        ({"timezone": "Mars/Base"}, "timezone", "not an IANA time zone"),
        ({"pauses": [{"from": "2026-02-14T00:00:00Z"}]}, "pauses.0", "still lasts"),
        ({"pauses": [["2026-02-14T00:00:00Z", "later"]]}, "pauses.0.to", "ISO 8601"),
        ({"pauses": [["2026-02-15T00:00:00Z", "2026-02-14T00:00:00Z"]]}, "pauses", "before it begins"),
        ({"pause": []}, "pause", "not permitted"),
    ],
)
def test_a_refused_question_gets_its_error_in_its_place(change: dict[str, Any], field: str, reason: str) -> None:
    code, output = run(lines=[QUESTION, QUESTION | change, QUESTION])
    answers = [json.loads(line) for line in output.splitlines()]
    assert code == 1
    assert "due" in answers[0]
    assert "due" in answers[2]
    assert answers[1]["id"] == "q"
    assert answers[1]["error"]["line"] == 2
    assert answers[1]["error"]["field"] == field
    assert reason in answers[1]["error"]["reason"]


@pytest.mark.parametrize("line", ["{", "[]", "null", '{"n": NaN}', "[" * 100_000, '"\\ud800"', "\x00"])
def test_a_line_that_is_no_question_is_refused_and_the_next_one_answered(line: str) -> None:
    code, output = run(lines=[line, "", QUESTION])
    first, second = (json.loads(text) for text in output.splitlines())
    assert code == 1
    assert (first["id"], first["error"]["line"], first["error"]["field"]) == (None, 1, None)
    assert second["id"] == "q"


def test_a_name_given_twice_is_refused_by_its_name() -> None:
    line = '{"id": "q", "from": "2026-03-02", "n": 1, "n": 2, "unit": "working_days", "calendar": "cn"}'
    code, output = run(lines=[line])
    assert code == 1
    assert json.loads(output)["error"] == {"line": 1, "field": "n", "reason": "appears more than once in one object"}


@pytest.mark.parametrize("field", ["from", "timezone", "calendar"])
def test_a_blank_field_is_no_answer_to_anything(field: str) -> None:
    code, output = run(lines=[QUESTION | {field: "\u3000"}])
    assert code == 1
    assert json.loads(output)["error"]["field"] == field


def test_one_question_by_options_is_answered_for_people() -> None:
    code, output = run("--from", "2026-02-13T17:30", "--n", "1", "--unit", "working_days")
    assert code == 0
    assert "2026-02-14T18:00:00+08:00" in output
    assert "到期" in output


def test_one_question_by_options_is_answered_as_json() -> None:
    pause = ("--pause", "2026-02-14T00:00/2026-02-15T00:00")
    question = ("--from", "2026-02-13T17:30", "--n", "1", "--unit", "working_days")
    code, output = run(*question, *pause, "--day-end", "24:00", "--json")
    assert (code, json.loads(output)["due"]) == (0, "2026-02-25T00:00:00+08:00")


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (["--from", "2026-02-13T17:30", "--n", "1"], 2),
        (["--n", "1"], 2),
        (["--from", "2026-02-13T17:30", "--n", "1", "--unit", "days"], 2),
        (["--from", "2026-02-13T17:30", "--n", "1", "--unit", "hours", "--pause", "2026-02-13"], 2),
        (["--calender", "cn"], 2),
        (["--from", "2026-02-13T17:30", "--n", "1.5", "--unit", "working_days"], 1),
        (["--from", "2026-02-13T17:30", "--n", "1", "--unit", "hours", "--calendar", "mars"], 1),
    ],
)
def test_wrong_use_is_2_and_a_refusal_is_1(arguments: list[str], exit_code: int) -> None:
    assert run(*arguments)[0] == exit_code


def test_a_broken_configuration_is_said_once_and_stops(tmp_path_factory: pytest.TempPathFactory) -> None:
    empty = tmp_path_factory.mktemp("config")
    result = CliRunner().invoke(app, ["--config-dir", str(empty)], input=json.dumps(QUESTION) + "\n")
    assert result.exit_code == 1
    assert "no calendar" in result.stderr
    assert result.stdout == ""


def test_ten_thousand_questions_take_about_a_second() -> None:
    questions = [json.dumps(QUESTION | {"id": number}) for number in range(10_000)]
    began = time.perf_counter()
    code, _ = run(lines=list(questions))
    assert code == 0
    assert time.perf_counter() - began < 5, "a quarter of a second is usual; five mean something is badly wrong"
