"""Loading calendars and the policy from files: whatever is wrong names file, path and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.sla.adapters.config_files import load_calendar, load_calendars, load_policy
from shared.errors import ConfigurationError
from tests.unit.sla.calendars import CONFIG

GOOD = 'version: t1\ntz: UTC\nhours:\n  mon: [["09:00", "17:00"]]\n'


def written(directory: Path, text: str, name: str = "branch.yaml") -> Path:
    path = directory / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_calendar_is_named_for_its_file(tmp_path: Path) -> None:
    calendar = load_calendar(written(tmp_path, GOOD))
    assert (calendar.name, calendar.version) == ("branch", "t1")


def test_the_shipped_calendars_load_with_a_version() -> None:
    calendars = load_calendars(CONFIG / "calendars")
    assert set(calendars) >= {"cn", "always-open"}
    assert all(calendar.version != "unversioned" for calendar in calendars.values())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (GOOD + "holidays: [2026-13-01]\n", "holidays.0"),
        (GOOD + "holidays: [2026-01-01 08:00:00]\n", "holidays.0"),
        ("tz: UTC\nhours: {mon: [[13:30, 18:00]]}\n", "put it in quotes"),
        ("tz: UTC\nhours: {}\n", "never opens"),
        (GOOD + "special_dates:\n  2026-01-04: mon\n  2026-01-04: tue\n", "'2026-01-04' is given twice"),
        (GOOD + "tz: Asia/Shanghai\n", "'tz' is given twice"),
        ("hours: [", "not valid YAML"),
        ("", "valid dictionary"),
        ("- 1\n", "valid dictionary"),
        ("!!python/object/apply:os.getcwd []", "not valid YAML"),
    ],
)
def test_a_broken_calendar_names_file_and_reason(tmp_path: Path, text: str, reason: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigurationError) as refused:
        load_calendar(path)
    assert str(path) in str(refused.value)
    assert reason in str(refused.value)


def test_all_problems_of_a_file_are_named_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD + "holidays: [soon]\nknown_until: later\nopen: yes\n")
    with pytest.raises(ConfigurationError, match=r"holidays\.0.*known_until.*open"):
        load_calendar(path)


def test_a_missing_file_or_an_empty_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_calendar(tmp_path / "none.yaml")
    with pytest.raises(ConfigurationError, match="no calendar"):
        load_calendars(tmp_path)
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_calendar(tmp_path / "binary.yaml")


def test_a_clock_on_an_unknown_calendar_is_refused() -> None:
    calendars = load_calendars(CONFIG / "calendars")
    del calendars["cn"]
    with pytest.raises(ConfigurationError, match=r"clocks\.registration\.calendar: there is no calendar 'cn'"):
        load_policy(CONFIG / "sla" / "policy.yaml", calendars)
