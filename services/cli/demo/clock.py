"""The demo's clock: faster than the machine's, the same in every process, and never going back over a kept data dir."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from shared.clock import Clock
from shared.errors import ConfigurationError
from shared.settings import make_clock

CLOCK_FILE = "demo-clock.json"


@dataclass(frozen=True, slots=True)
class DemoClock:
    """Speed, and the instant at which demo time and the machine's time agree."""

    speed: float
    origin: datetime

    def environment(self) -> dict[str, str]:
        """The variables that give a service this clock."""
        if self.speed == 1.0:
            return {}
        return {"CBUS_CLOCK__SPEED": repr(self.speed), "CBUS_CLOCK__ORIGIN": self.origin.isoformat()}

    def clock(self) -> Clock:
        """This clock for this process."""
        return make_clock(self.speed, self.origin)


def start_clock(speed: float, real_now: datetime, resume_at: datetime | None) -> DemoClock:
    """A clock that shows ``resume_at`` (or ``real_now``, if that is later or nothing is resumed) at ``real_now``.

    Shown time is ``origin + (real - origin) * speed``; solved for the origin. With speed 1 both times are the same
    for ever, so a data directory whose demo ran ahead cannot be continued with it: ConfigurationError.
    """
    if resume_at is None or resume_at <= real_now:
        return DemoClock(speed, real_now)
    if speed == 1.0:
        raise ConfigurationError(
            f"the demo in this data directory has reached {resume_at:%Y-%m-%d %H:%M}, ahead of the machine's clock; "
            "use another --speed than 1, or another --data-dir"
        )
    ahead = resume_at - real_now
    return DemoClock(speed, real_now - ahead / (speed - 1))


def read_reached(data_dir: Path | None) -> datetime | None:
    """How far demo time had come in this data directory; None for a new one."""
    if data_dir is None:
        return None
    try:
        return datetime.fromisoformat(json.loads((data_dir / CLOCK_FILE).read_text())["reached"])
    except (FileNotFoundError, ValueError, KeyError):
        return None


def write_reached(data_dir: Path | None, now: datetime, margin: timedelta = timedelta(0)) -> None:
    """Note how far demo time has come. ``margin`` covers what passes until the next note, should we be killed."""
    if data_dir is not None:
        aside = data_dir / (CLOCK_FILE + ".part")
        aside.write_text(json.dumps({"reached": (now + margin).isoformat()}))
        aside.replace(data_dir / CLOCK_FILE)
