"""``deploy/compose.yaml`` as the tests read it: which containers run our code, and in what environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

PROJECT_ROOT = Path(__file__).resolve().parents[2]
COMPOSE_FILE = PROJECT_ROOT / "deploy" / "compose.yaml"
DOCKERFILE = PROJECT_ROOT / "deploy" / "Dockerfile"


def load_compose() -> dict[str, Any]:
    """The whole file."""
    loaded = yaml.safe_load(COMPOSE_FILE.read_text())
    assert isinstance(loaded, dict)
    return loaded


def built_here(compose: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The containers of our own image, by name."""
    return {name: service for name, service in compose["services"].items() if "build" in service}


def image_environment() -> dict[str, str]:
    """What the Dockerfile's ENV gives every container."""
    text = DOCKERFILE.read_text().replace("\\\n", " ")
    pairs = [word for line in text.splitlines() if line.startswith("ENV ") for word in line.split()[1:]]
    return dict(pair.split("=", 1) for pair in pairs)
