"""Settings of the auditor, read once at start from ``CBUS_…`` variables."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from services.auditor.domain.watch import WatchPolicy
from shared.streaming.engine_settings import ProcessorSettings


class AuditorSettings(ProcessorSettings):
    """Everything the auditor needs."""

    hole_after_seconds: float = Field(
        300.0, gt=0, le=2_592_000, description="What is missing for this long, with everything read, is a hole."
    )
    auditor_reinject: bool = Field(True, description="Put lost submissions on the log again; false: only report them.")
    max_reinjections: int = Field(3, ge=1, le=10, description="Copies of one submission written at most.")
    reinjections_per_minute: int = Field(
        600, ge=1, le=60_000, description="Most submissions put on the log again per minute and process."
    )
    group_lag_seconds: float = Field(
        15.0, ge=1, le=3600, description="Pause between two looks at how far behind every consumer group is."
    )
    forget_audit_after: timedelta = Field(
        timedelta(days=90),
        ge=timedelta(days=31),
        description="A complaint nothing was heard of for this long is forgotten; longer than submissions are kept.",
    )

    @property
    def policy(self) -> WatchPolicy:
        """How patient the auditor is."""
        return WatchPolicy(
            hole_after=timedelta(seconds=self.hole_after_seconds),
            reinject=self.auditor_reinject,
            max_reinjections=self.max_reinjections,
            forget_after=self.forget_audit_after,
        )
