"""What the operating system's refusals mean to who typed the command: what, where, and what to do.

Every OSError that nobody nearer could make sense of passes here, so none ends as a traceback.
"""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from pathlib import Path
from typing import Final

_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_NOT_ALLOWED: Final = (errno.EACCES, errno.EPERM, errno.EROFS)
_PORT_TAKEN: Final = (errno.EADDRINUSE, errno.EADDRNOTAVAIL)
_NO_DIRECTORY: Final = (errno.ENOENT, errno.ENOTDIR, errno.EEXIST, errno.EISDIR)
_TOO_MANY_OPEN: Final = (errno.EMFILE, errno.ENFILE)

DISK_FULL_SIGNS: Final = ("No space left on device", "Disk quota exceeded", "File too large")
"""How servers say in their logs that the disk is full."""


def in_words(failure: OSError) -> str:
    """One sentence: what was refused, where, and what to do about it."""
    code, where = failure.errno, _where(failure)
    said = failure.strerror or str(failure) or type(failure).__name__
    if code in _FULL:
        return f"no room left{where} ({said}); free some, or choose another place{_setting(failure)}"
    if code == errno.EFBIG:
        return f"a file may not grow any further{where} ({said}); raise the limit (ulimit -f) and run it again"
    if code in _NOT_ALLOWED:
        return f"not allowed{where} ({said}); give this user the right, or choose another place{_setting(failure)}"
    if code in _PORT_TAKEN:
        return f"a port cannot be taken: {said}; stop what uses it, or choose another port (CBUS_HTTP__PORT for intake)"
    if code in _NO_DIRECTORY:
        return (
            f"a file or directory is missing or of the wrong kind{where} ({said}); make it, or choose another place"
            + (_setting(failure))
        )
    if code in _TOO_MANY_OPEN:
        return f"too many files are open ({said}); raise the limit (ulimit -n) and run it again"
    return f"the system refused{where} ({said}); 'cbus doctor' looks at what this machine lacks"


def tells_of_a_full_disk(text: str) -> bool:
    """Whether a server's log says that there was no room left."""
    return any(sign in text for sign in DISK_FULL_SIGNS)


def _where(failure: OSError) -> str:
    paths = [_text(path) for path in (failure.filename, failure.filename2) if path is not None]
    return f": {' → '.join(paths)}" if paths else ""


def _setting(failure: OSError) -> str:
    """The variable that moves the place which refused, where there is one."""
    if failure.filename is None:
        names_directories = "temporary directory" in str(failure)
        return " (TMPDIR)" if names_directories else " (TMPDIR, --data-dir)" if failure.errno in _FULL else ""
    path = Path(_text(failure.filename)).absolute()
    return next((f" ({name})" for name, root in _places() if path.is_relative_to(root)), "")


def _places() -> list[tuple[str, Path]]:
    """Where the command line writes unless told otherwise, and what tells it."""
    places = [("CBUS_CACHE_DIR", Path(os.environ.get("CBUS_CACHE_DIR") or Path("~/.cache").expanduser()))]
    places += [("CBUS_STACK_FILE", Path(os.environ.get("CBUS_STACK_FILE") or "var/stack.json").parent)]
    with contextlib.suppress(OSError):
        places.append(("TMPDIR", Path(tempfile.gettempdir())))
    return [(name, root.absolute()) for name, root in places]


def _text(path: object) -> str:
    return os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else str(path)
