"""Vectors and calendars other people published: read where they lie beside the checkout, never copied into it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

_DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


def reference_data(name: str) -> Any:
    """The JSON file ``name`` of the reference data; the test is skipped, visibly, where it is absent."""
    path = _DATA / name
    if not path.is_file():
        pytest.skip(f"reference data {name} is not present at {path}")
    return json.loads(path.read_text(encoding="utf-8"))


def reference_vectors(name: str) -> list[Any]:
    """Vectors of a file as pytest parameters by id; one skipped parameter where the file is absent."""
    path = _DATA / name
    if not path.is_file():
        reason = f"reference data {name} is not present at {path}"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason), id="absent")]
    data = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(data, dict):
        vectors = [vector | {"calendar": data["calendars"][vector["calendar_ref"]]} for vector in data["vectors"]]
    else:
        vectors = data
    return [pytest.param(vector, id=vector["id"]) for vector in vectors]
