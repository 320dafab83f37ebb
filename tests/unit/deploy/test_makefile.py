"""``make`` sets up what it needs, also where an earlier set-up was cut short."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

PROJECT_ROOT = Path(__file__).resolve().parents[3]

WHOLE = "#!/bin/sh\nexit 0\n"
WITHOUT_PIP = '#!/bin/sh\n[ "$2" = pip ] && { echo "No module named pip" >&2; exit 1; }\nexit 0\n'
PYTHON = """#!/bin/sh
# -c: its version is looked at; -m venv … DIRECTORY: it makes one
[ "$2" = venv ] || exit 0
for directory; do :; done
mkdir -p "$directory/bin"
printf '#!/bin/sh\\nexit 0\\n' > "$directory/bin/python"
chmod +x "$directory/bin/python"
echo made >> "$directory/made"
"""


def executable(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)
    return file


def set_up(directory: Path, target: str) -> subprocess.CompletedProcess[str]:
    """``make`` with a Python that makes environments at once, and an environment in ``directory``."""
    python = executable(directory / "python3", PYTHON)
    return subprocess.run(
        ["make", f"{directory}/venv/{target}", f"PYTHON={python}", f"VENV={directory}/venv"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        timeout=30,
    )


@pytest.mark.parametrize("target", [".local-ready", ".ready"])
@pytest.mark.parametrize("left", [None, "empty directory", WITHOUT_PIP, "#!/nonexistent/python\n"])
def test_an_environment_that_is_not_whole_is_made_again(tmp_path: Path, target: str, left: str | None) -> None:
    if left == "empty directory":
        (tmp_path / "venv").mkdir()
    elif left is not None:
        executable(tmp_path / "venv/bin/python", left)
    done = set_up(tmp_path, target)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "venv/made").read_text() == "made\n"
    assert "No module named pip" not in done.stderr


def test_a_whole_environment_is_kept(tmp_path: Path) -> None:
    executable(tmp_path / "venv/bin/python", WHOLE)
    assert set_up(tmp_path, ".ready").returncode == 0
    assert not (tmp_path / "venv/made").exists()
