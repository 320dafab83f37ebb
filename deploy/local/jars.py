"""The Kafka broker's jars: pinned in ``pom.xml``, downloaded once with Maven, kept in a cache directory.

The cache is ``~/.cache/complaint-bus`` or ``$CBUS_CACHE_DIR``. A directory of jars appears there complete or not at
all (download aside, then rename), and a lock lets two stacks that start at once download only once.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from deploy.local.directory_lock import DirectoryLock
from shared.errors import ConfigurationError

POM = Path(__file__).with_name("pom.xml")
DOWNLOAD_TIMEOUT_SECONDS = 600
MINIMUM_JAVA = 17

_POM_NAMESPACE = {"m": "http://maven.apache.org/POM/4.0.0"}


def kafka_version(pom: Path = POM) -> str:
    """The pinned broker version, e.g. ``4.3.1``."""
    version = ElementTree.parse(pom).findtext("m:properties/m:kafka.version", namespaces=_POM_NAMESPACE)  # noqa: S314 - our own file
    if not version:
        raise ConfigurationError(f"{pom}: properties/kafka.version is missing")
    return version.strip()


def cache_directory() -> Path:
    """Where downloads are kept between runs."""
    return Path(os.environ.get("CBUS_CACHE_DIR") or Path.home() / ".cache" / "complaint-bus")


def kafka_jars(pom: Path = POM, cache: Path | None = None) -> Path:
    """The directory with the broker's jars, downloaded first if it is not there yet.

    Its name carries the version and a digest of the pom, so a changed pin never meets old jars.
    Raises ``ConfigurationError`` if Maven is missing or the download fails.
    """
    cache = cache or cache_directory()
    digest = hashlib.sha256(pom.read_bytes()).hexdigest()[:8]
    jars = cache / f"kafka-{kafka_version(pom)}-{digest}"
    if jars.is_dir():
        return jars
    lock = DirectoryLock(cache)
    lock.acquire(wait=True)
    try:
        if not jars.is_dir():
            _download(pom, jars)
    finally:
        lock.release()
    return jars


def _download(pom: Path, jars: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise ConfigurationError(
            "Maven (mvn) is not on PATH; it downloads the Kafka broker once. Install Maven and a JDK "
            f"{MINIMUM_JAVA} or newer, or install Docker and use the docker backend."
        )
    sys.stderr.write(f"local stack: downloading Kafka {kafka_version(pom)} (54 MB, once) into {jars}\n")
    aside = Path(tempfile.mkdtemp(prefix="download-", dir=jars.parent))
    try:
        _copy_dependencies(maven, pom, aside)
        aside.rename(jars)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _copy_dependencies(maven: str, pom: Path, target: Path) -> None:
    command = [maven, "--batch-mode", "--quiet", "--file", str(pom), "dependency:copy-dependencies"]
    command += ["-DincludeScope=runtime", f"-DoutputDirectory={target}"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        raise ConfigurationError(f"Maven did not finish in {DOWNLOAD_TIMEOUT_SECONDS} s: {' '.join(command)}") from None
    if run.returncode != 0 or not any(target.glob("kafka_*.jar")):
        raise ConfigurationError(
            f"Maven could not download the Kafka broker (exit code {run.returncode}); is its repository reachable?\n"
            f"{' '.join(command)}\n{(run.stdout + run.stderr)[-2000:]}"
        )


def java_command() -> str:
    """The ``java`` to run the broker with: ``$JAVA_HOME``'s, else the one on PATH; version 17 or newer."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else "java"
    try:
        run = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30)
    except OSError:
        raise ConfigurationError(
            f"Java ({java}) cannot be run; the local Kafka broker needs a JDK {MINIMUM_JAVA} or newer. "
            "Install one (set JAVA_HOME if it is not on PATH), or use the docker backend."
        ) from None
    version = java_major_version(run.stdout + run.stderr)
    if version < MINIMUM_JAVA:
        raise ConfigurationError(f"{java} is version {version}; the Kafka broker needs {MINIMUM_JAVA} or newer")
    return java


def java_major_version(output: str) -> int:
    """The major version in what ``java -version`` prints: 17 for ``"17.0.15"``, 8 for ``"1.8.0_402"``, 0 if unknown."""
    quoted = output.split('"')
    numbers = quoted[1].replace("-", ".").split(".") if len(quoted) > 1 else []
    if len(numbers) > 1 and numbers[0] == "1":
        numbers = numbers[1:]
    return int(numbers[0]) if numbers and numbers[0].isdigit() else 0
