"""Settings of the SLA service. What is promised to whom is configuration data in ``config_dir``, not a setting."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from services.sla.processor import FORGET_AFTER
from shared.streaming.engine_settings import ProcessorSettings


class SlaSettings(ProcessorSettings):
    """Settings of the SLA service."""

    forget_after: timedelta = Field(
        FORGET_AFTER,
        ge=timedelta(days=30),
        description="A settled case's clocks are forgotten after this; until then late facts correct breaches. "
        "Not less than complaints.received.v1 is kept, or a record read again would arm them anew.",
    )
