"""What ``cbus doctor`` looks at. Each check stands alone and imports what it needs itself, so none hides another."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from services.cli.doctor.config import config_problems
from shared.errors import ConfigurationError

OLDEST_PYTHON = (3, 11)
ROOM_NEEDED_BYTES = 1_000_000_000
INTAKE_PORT = 8080
PACKAGES = ("confluent_kafka", "kafka", "pydantic", "fastapi", "uvicorn", "redis", "structlog", "yaml", "jinja2")


State = Literal["ok", "missing", "optional"]
"""How a check ended. ``optional``: not there, and something else does the job."""


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. ``advice`` says what to do, when there is something to do."""

    name: str
    state: State
    found: str
    advice: str | None = None


def examine(config_dir: Path) -> list[Check]:
    """All checks, in the order a person would fix them."""
    return [
        check_python(sys.version_info[:2]),
        check_packages(PACKAGES),
        *_check_servers(),
        check_mail_sink(),
        check_writable("working directory", Path("var")),
        *_check_temporary_directory(),
        check_ports(),
        check_config(config_dir),
    ]


def check_python(version: tuple[int, ...]) -> Check:
    """The interpreter."""
    found = ".".join(map(str, version))
    if version >= OLDEST_PYTHON:
        return Check("Python", "ok", found)
    return Check("Python", "missing", found, "install Python 3.11 or newer")


def check_packages(names: tuple[str, ...]) -> Check:
    """Python packages the services import."""
    absent = [name for name in names if importlib.util.find_spec(name) is None]
    if absent:
        return Check("Python packages", "missing", f"absent: {', '.join(absent)}", "pip install -e '.[local]'")
    return Check("Python packages", "ok", f"{len(names)} of {len(names)}")


def _check_servers() -> list[Check]:
    """Kafka and Valkey run either in Docker or as processes of ours; one way is enough."""
    if importlib.util.find_spec("deploy") is None:
        return [
            Check("local stack", "missing", "deploy/ is not here", "run from a checkout; the package has no servers")
        ]
    docker = check_docker()
    embedded = [check_java(), check_download_cache(), check_broker_jars(), check_valkey()]
    if docker.state == "ok" or all(check.state == "ok" for check in embedded):
        return [_as_optional(check) for check in (docker, *embedded)]
    return [_as_optional(docker), *embedded]


def _as_optional(check: Check) -> Check:
    return Check(check.name, "optional", check.found) if check.state == "missing" else check


def check_docker() -> Check:
    """The Docker engine."""
    from deploy.local.backend import docker_refusal

    refusal = docker_refusal()
    if refusal is None:
        return Check("Docker", "ok", "the engine answers")
    return Check("Docker", "missing", refusal, "install Docker, or a JDK 17 or newer with Maven")


def check_java() -> Check:
    """A Java that can run the broker."""
    from deploy.local.jars import java_command

    return _unless_refused("Java", lambda: f"{java_command()} (17 or newer)")


def check_broker_jars() -> Check:
    """The broker's jars, or Maven to fetch them."""
    from deploy.local.jars import kafka_version

    version = kafka_version()
    if _is_downloaded(version):
        return Check("Kafka broker", "ok", f"{version}, downloaded already")
    if shutil.which("mvn"):
        return Check("Kafka broker", "ok", f"{version}, Maven will download it once (54 MB)")
    return Check("Kafka broker", "missing", "no Maven (mvn) on PATH", "install Maven; it downloads the broker once")


def check_valkey() -> Check:
    """A Valkey or Redis server."""
    from deploy.local.valkey import valkey_binary

    return _unless_refused("Valkey", lambda: str(valkey_binary().name))


def _unless_refused(name: str, find: Callable[[], str]) -> Check:
    try:
        return Check(name, "ok", find())
    except ConfigurationError as refusal:
        return Check(name, "missing", "not found", str(refusal))


def check_mail_sink() -> Check:
    """The sink that takes the demo's mail."""
    try:
        return Check("mail sink", "ok", f"aiosmtpd {metadata.version('aiosmtpd')}")
    except metadata.PackageNotFoundError:
        return Check("mail sink", "missing", "aiosmtpd is absent", "pip install aiosmtpd")


def check_writable(name: str, directory: Path) -> Check:
    """A directory we write into; if it is not there yet, the one it will be made in. Nothing is left behind."""
    present = next(path for path in (directory, *directory.absolute().parents) if os.path.lexists(path))
    try:
        with tempfile.NamedTemporaryFile(dir=present):
            pass
    except OSError as failure:
        return Check(name, "missing", f"{directory}: {failure.strerror}", f"make {directory} writable")
    return Check(name, "ok", str(directory))


def _check_temporary_directory() -> list[Check]:
    """Where the stack's data goes unless told otherwise; Python looks for it by writing, so there may be none."""
    try:
        directory = Path(tempfile.gettempdir())
    except OSError as failure:
        advice = "make one of them writable, or set TMPDIR to a directory that is"
        return [Check("temporary directory", "missing", failure.strerror or str(failure), advice)]
    return [check_writable("temporary directory", directory), check_room(directory)]


def check_download_cache() -> Check:
    """Where the broker is kept; read only once it is there, so an unwritable home does no harm from then on."""
    from deploy.local.jars import cache_directory, kafka_version

    name, directory = "download cache", cache_directory()
    if _is_downloaded(kafka_version()):
        return Check(name, "ok", str(directory))
    found = check_writable(name, directory)
    if found.state == "ok" or found.advice is None:
        return found
    return Check(name, found.state, found.found, f"{found.advice}, or set CBUS_CACHE_DIR to a directory that is")


def _is_downloaded(version: str) -> bool:
    """Whether the broker lies in the cache; not for this user, where it may not look into it."""
    from deploy.local.jars import cache_directory

    with contextlib.suppress(OSError):
        return any(cache_directory().glob(f"kafka-{version}-*"))
    return False


def check_room(directory: Path) -> Check:
    """Room for a broker's log."""
    free = shutil.disk_usage(directory).free
    found = f"{free / 1e9:.1f} GB free in {directory}"
    if free >= ROOM_NEEDED_BYTES:
        return Check("disk space", "ok", found)
    return Check("disk space", "missing", found, "free at least 1 GB, or set TMPDIR to a larger disk")


def check_ports() -> Check:
    """Loopback ports: free ones for the servers, and intake's default one."""
    from deploy.local.ports import FIRST_PORT, LAST_PORT, free_port, is_free

    try:
        free_port()
    except OSError as failure:
        return Check("ports", "missing", str(failure), f"free some of {FIRST_PORT} to {LAST_PORT}")
    if not is_free(INTAKE_PORT):
        found = f"{INTAKE_PORT} is in use"
        return Check("ports", "optional", found, "set CBUS_HTTP__PORT for 'cbus run intake'; the demo chooses its own")
    return Check("ports", "ok", f"{INTAKE_PORT} and {FIRST_PORT} to {LAST_PORT}")


def check_config(directory: Path) -> Check:
    """The configuration, read the way the services read it."""
    if not os.path.isdir(directory):
        advice = "run from the project root, or set CBUS_CONFIG_DIR"
        return Check("configuration", "missing", f"{directory} is not there", advice)
    problems = config_problems(directory)
    if problems:
        return Check("configuration", "missing", f"{len(problems)} problems", "\n".join(problems))
    return Check("configuration", "ok", str(directory))
