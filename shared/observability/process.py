"""How a service's process ends when it does not end well: one JSON line on stderr that says why, and an exit code.

Whatever Python would print as a traceback becomes a log line of classes and places: the message of a foreign exception
may repeat what a person wrote. A refusal to start is our own sentence and is told in full.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import Callable
from typing import Any, Final

from shared.errors import ComplaintBusError, ConfigurationError, FatalError
from shared.observability.exceptions import exception_fields
from shared.observability.logging import configure_logging, get_logger
from shared.observability.threads import log_death

_LOG = get_logger()
FAILED: Final = 1
"""For the supervisor: restart me. Also after a refusal, which then says itself again until it is mended."""
INTERRUPTED: Final = 130


def run_service(name: str, main: Callable[[], int]) -> int:
    """What ``main`` returns; else why it did not return is logged, in the name of ``name``, and the exit code is 1.

    Until ``main`` configures logging itself, lines are written at INFO.
    """
    configure_logging(name)
    log_what_nobody_caught()
    try:
        return main()
    except ConfigurationError as refusal:
        _LOG.critical("refused_to_start", error=refusal, exit_code=FAILED)
    except FatalError as error:
        _LOG.critical("stopping_for_a_restart", error=error, exit_code=error.exit_code)
        return error.exit_code
    except ComplaintBusError as error:
        _LOG.critical("stopping_for_a_restart", error=error, exit_code=FAILED)
    except KeyboardInterrupt:
        _LOG.warning("interrupted", exit_code=INTERRUPTED)
        return INTERRUPTED
    except Exception as error:
        _LOG.critical("crashed", error=error, exit_code=FAILED)
    return FAILED


def log_what_nobody_caught() -> None:
    """From now on the interpreter's own last words are log lines, of every thread, and of warnings."""
    sys.excepthook = _main_thread_ended
    threading.excepthook = log_death
    sys.unraisablehook = _not_raised
    logging.captureWarnings(True)


def log_failed_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """The same for tasks and callbacks of an event loop whose failure nobody looked at."""
    loop.set_exception_handler(_task_failed)


def _main_thread_ended(_kind: type[BaseException], error: BaseException, _trace: object) -> None:
    _LOG.critical("crashed", **exception_fields(error), exit_code=FAILED)


def _not_raised(what: Any) -> None:
    """An error where nobody can catch one: in a finaliser, in a callback from C."""
    fields = {} if what.exc_value is None else exception_fields(what.exc_value)
    _LOG.error("error_not_raised", **fields)


def _task_failed(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """``context["message"]`` is left out: it holds the task's or the callback's arguments."""
    error = context.get("exception")
    _LOG.error("task_failed", **({} if error is None else exception_fields(error)))
