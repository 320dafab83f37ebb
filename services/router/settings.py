"""Settings of the router. Everything it decides by is configuration data in ``config_dir``, not a setting."""

from __future__ import annotations

from shared.streaming.engine_settings import ProcessorSettings


class RouterSettings(ProcessorSettings):
    """What every processor needs; the router adds nothing of its own."""
