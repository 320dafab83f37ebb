"""How the loop behaves; part of every processor's settings."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from shared.settings import ServiceSettings, SettingsBlock


class EngineSettings(SettingsBlock):
    """Batch sizes, waits and limits of the loop."""

    max_records: int = Field(1_000, ge=1, le=10_000, description="Most records in one transaction.")
    pass_seconds: float = Field(
        1.0,
        gt=0,
        le=60,
        description="After this long a pass takes no further record or timer, and commits what it has.",
    )
    too_long_share: float = Field(
        0.1,
        gt=0,
        lt=1,
        description="Share of kafka.poll_interval_seconds that one record or timer may take. One that took longer and "
        "was not committed is not tried again: the record becomes a dead letter, the timer is set aside.",
    )
    max_timers: int = Field(2_000, ge=1, le=50_000, description="Most timers fired per partition in one transaction.")
    poll_seconds: float = Field(0.1, gt=0, le=5, description="Longest wait for records; timers are looked at as often.")
    timer_grace: timedelta = Field(
        timedelta(milliseconds=500),
        description="A timer fires this long after its instant, for records that are still on their way.",
    )
    dead_letter_max_share: float = Field(
        0.2, gt=0, le=1, description="Share of unreadable records at which the service stops instead of draining them."
    )
    stall_seconds: float = Field(120.0, gt=1, description="Without a pass for this long, /live says so.")


class ProcessorSettings(ServiceSettings):
    """Settings of a service that runs a processor."""

    engine: EngineSettings = Field(default_factory=EngineSettings, description="The loop.")

    @property
    def too_long_seconds(self) -> float:
        """How long one record or timer may take."""
        return self.engine.too_long_share * self.kafka.poll_interval_seconds
