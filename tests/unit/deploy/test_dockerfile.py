"""The image: clean by hadolint, exactly the locked packages, not run as root."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[3]
DOCKERFILE = PROJECT_ROOT / "deploy" / "Dockerfile"
HADOLINT = Path(sys.executable).with_name("hadolint")


def hadolint(text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([HADOLINT, "-"], input=text, capture_output=True, text=True)


def test_hadolint_finds_nothing() -> None:
    run = hadolint(DOCKERFILE.read_text())
    assert run.returncode == 0, run.stdout


def test_the_hadolint_check_can_fail() -> None:
    assert hadolint("FROM python\nRUN pip install x\n").returncode != 0


def test_packages_come_from_lock_files_with_hashes() -> None:
    installs = [line for line in DOCKERFILE.read_text().splitlines() if "pip install" in line]
    locks = [line.partition("--require-hashes --requirement ")[2] for line in installs]
    assert locks == ["requirements.lock", "requirements-local.lock"]


def test_the_stage_built_by_default_is_the_services_and_has_the_image_s_lock() -> None:
    stages = DOCKERFILE.read_text().split("\nFROM ")
    assert stages[-1].splitlines() == [
        "bus AS service",
        "COPY --from=dependencies /opt/venv /opt/venv",
    ]


def test_the_image_runs_as_an_ordinary_user() -> None:
    users = [line.split()[1] for line in DOCKERFILE.read_text().splitlines() if line.startswith("USER ")]
    assert users == ["10001:10001"]


def test_everything_copied_from_the_project_is_let_through_by_the_ignore_file() -> None:
    ignore = (DOCKERFILE.parent / "Dockerfile.dockerignore").read_text().splitlines()
    copied = [
        line.split()[1].rstrip("/")
        for line in DOCKERFILE.read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
    ]
    assert copied == ["requirements.lock", "requirements-local.lock", "shared", "services", "deploy"]
    assert all(f"!{path}" in ignore for path in copied)
