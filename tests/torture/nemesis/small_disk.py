"""A small memory-backed disk under one broker's data directory, to be filled up and freed again (Linux, as root)."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

FILLER = "filler.bin"
CHUNK_BYTES = 1024 * 1024


def can_mount() -> bool:
    """Whether this process may mount file systems, as far as can be told without trying."""
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("mount") is not None


class SmallDisk:
    """A tmpfs at ``directory``. Its content is moved to the real disk when it is taken away."""

    def __init__(self, directory: Path, size_megabytes: int) -> None:
        self.directory = directory
        self._size_megabytes = size_megabytes

    def mount(self) -> None:
        """Put it in place; raises ``CalledProcessError`` where that is not allowed."""
        self.directory.mkdir(parents=True, exist_ok=True)
        options = f"size={self._size_megabytes}m,mode=0755"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "torture", str(self.directory)], check=True)

    def fill(self) -> int:
        """Use up all space; the bytes that took."""
        written = 0
        with (self.directory / FILLER).open("wb", buffering=0) as filler:
            for size in (CHUNK_BYTES, 4096, 1):  # large pieces first, then whatever still fits
                try:
                    while True:
                        written += filler.write(bytes(size))
                except OSError:
                    continue
        return written

    def free(self) -> None:
        """Give the space back."""
        (self.directory / FILLER).unlink(missing_ok=True)

    def unmount(self) -> None:
        """Take it away; what was on it lies in ``directory`` afterwards, so that a kept run can be judged again."""
        self.free()
        aside = self.directory.with_name(self.directory.name + ".kept")
        shutil.copytree(self.directory, aside)
        subprocess.run(["umount", "--lazy", str(self.directory)], check=True)
        self.directory.rmdir()
        aside.rename(self.directory)
