"""The broker's jars: found when cached, downloaded once however many ask, and clear words when tools are missing.

Maven is replaced by a small script here (the real one is exercised by whatever test first starts a broker).
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.jars import POM, java_command, java_major_version, kafka_jars, kafka_version
from shared.errors import ConfigurationError

PROJECT_ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "cache"
    monkeypatch.setenv("CBUS_CACHE_DIR", str(directory))
    return directory


def stand_in(directory: Path, name: str, script: str) -> Path:
    """An executable ``name`` in ``directory`` that runs ``script``."""
    directory.mkdir(exist_ok=True)
    program = directory / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


FETCHES_SLOWLY = """
for argument; do case $argument in -DoutputDirectory=*) target=${argument#*=};; esac; done
echo run >> "$MAVEN_RUNS"
sleep 0.3
touch "$target/kafka_2.13-test.jar"
"""


def test_the_broker_version_is_read_from_the_pom() -> None:
    assert kafka_version(POM) == "4.3.1"


def test_two_stacks_started_at_once_download_only_once(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path / "bin", "mvn", FETCHES_SLOWLY)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("MAVEN_RUNS", str(tmp_path / "runs"))
    script = "from deploy.local.jars import kafka_jars; print(kafka_jars())"
    stacks = [
        subprocess.Popen([sys.executable, "-c", script], cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    found = {stack.communicate(timeout=30)[0].strip() for stack in stacks}

    assert (tmp_path / "runs").read_text() == "run\n"
    assert len(found) == 1
    assert (Path(found.pop()) / "kafka_2.13-test.jar").exists()
    assert list(cache.glob("download-*")) == []


def test_cached_jars_need_no_maven(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path / "bin", "mvn", FETCHES_SLOWLY)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("MAVEN_RUNS", str(tmp_path / "runs"))
    jars = kafka_jars()
    monkeypatch.setenv("PATH", "")
    assert kafka_jars() == jars


def test_a_missing_maven_is_named_with_what_to_do(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigurationError, match=r"Maven \(mvn\) is not on PATH.*docker backend"):
        kafka_jars()


def test_a_failed_download_leaves_no_half_filled_directory(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path / "bin", "mvn", "echo repository unreachable; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    with pytest.raises(ConfigurationError, match=r"(?s)could not download.*repository unreachable"):
        kafka_jars()
    assert [entry.name for entry in cache.iterdir() if entry.is_dir()] == []


def test_a_missing_java_is_named_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(ConfigurationError, match="needs a JDK 17 or newer"):
        java_command()


def test_an_old_java_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path / "bin", "java", """echo 'openjdk version "11.0.22" 2024-01-16' >&2""")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(ConfigurationError, match="is version 11"):
        java_command()


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_402"', 8),
        ('openjdk version "21" 2023-09-19', 21),
        ('openjdk version "26-ea" 2026-03-17', 26),
        ("not a java", 0),
    ],
)
def test_the_major_version_is_read_from_what_java_prints(line: str, version: int) -> None:
    assert java_major_version(line) == version
