"""Which way to run the servers here: as processes of ours (embedded) or in Docker."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import Literal

from shared.errors import ConfigurationError

Backend = Literal["embedded", "docker"]
BackendChoice = Literal["auto", "embedded", "docker"]

DOCKER_ANSWER_SECONDS = 2.0


@dataclass(frozen=True)
class ChosenBackend:
    """The decision and its reason, to be shown to the person who starts the stack."""

    name: Backend
    reason: str


def choose_backend(choice: BackendChoice, *, nodes: int = 1) -> ChosenBackend:
    """``auto`` takes Docker if its engine answers within 2 s, else embedded; three nodes are embedded always.

    Raises ``ConfigurationError`` if Docker is forced and cannot be used.
    """
    if choice == "embedded":
        return ChosenBackend("embedded", "as asked")
    if nodes > 1:
        if choice == "docker":
            raise ConfigurationError("the docker backend runs one Kafka node; use backend 'embedded' for three")
        return ChosenBackend("embedded", "three nodes run embedded only")
    refusal = docker_refusal()
    if choice == "docker":
        if refusal:
            raise ConfigurationError(f"backend 'docker' was asked for, but {refusal}")
        return ChosenBackend("docker", "as asked")
    return ChosenBackend("embedded", refusal) if refusal else ChosenBackend("docker", "the Docker engine answers")


def docker_refusal() -> str | None:
    """Why Docker cannot be used; None if its engine answers in time."""
    command = ["docker", "info", "--format", "{{.ServerVersion}}"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=DOCKER_ANSWER_SECONDS)
    except FileNotFoundError:
        return "Docker is not installed"
    except subprocess.TimeoutExpired:
        return f"the Docker engine did not answer within {DOCKER_ANSWER_SECONDS:g} s"
    return None if run.returncode == 0 and run.stdout.strip() else "no Docker engine is running"
