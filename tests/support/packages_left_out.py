"""Hiding from a process what a lock file does not bring, so that it runs as where only that lock is installed."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[2]
_LARGEST_LOCK = "requirements-dev.lock"

_HOOK = '''"""Started by the interpreter itself: modules of packages that are not installed here cannot be imported."""

import sys

LEFT_OUT = {modules!r}


class _NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in LEFT_OUT:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)


sys.meta_path.insert(0, _NotInstalled())
'''


def locked(lock: str) -> dict[str, str]:
    """Package and version of every pin in a lock file; names as PyPI normalises them."""
    text = (PROJECT_ROOT / lock).read_text()
    return {_normal(name): version for name, version in re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", text, re.MULTILINE)}


def modules_left_out(lock: str) -> set[str]:
    """Top-level modules of this environment that ``lock`` does not bring."""
    absent = locked(_LARGEST_LOCK).keys() - locked(lock).keys()
    return {
        module
        for module, packages in metadata.packages_distributions().items()
        if {_normal(package) for package in packages} <= absent
    }


def leave_out_packages(directory: Path, lock: str) -> Path:
    """A directory that, first on PYTHONPATH, hides what ``lock`` does not bring; one below ``directory`` per lock."""
    made = directory / lock
    made.mkdir(parents=True, exist_ok=True)
    (made / "sitecustomize.py").write_text(_HOOK.format(modules=sorted(modules_left_out(lock))))
    return made


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
