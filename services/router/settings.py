"""Settings of the router. Everything it decides by is configuration data in ``config_dir``, not a setting."""

from __future__ import annotations

from shared.settings import ServiceSettings


class RouterSettings(ServiceSettings):
    """What every service needs; the router adds nothing of its own."""
