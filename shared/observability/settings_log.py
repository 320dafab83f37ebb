"""Says at the start of a service which variables are set and read by nothing."""

from __future__ import annotations

import os

from pydantic_settings import BaseSettings

from shared.observability.logging import get_logger
from shared.unread_variables import told, unread_variables

_LOG = get_logger()


def warn_of_unread_variables(model: type[BaseSettings]) -> None:
    """One warning per variable that is like a setting of ``model`` and is none; the service starts all the same."""
    for name, meant in unread_variables(os.environ, model).items():
        _LOG.warning("setting_not_read", setting=name, reason=told(name, meant))
