"""A lane: one thread, one connection of a medium, one message at a time.

While its provider cannot be reached nothing is attempted and no message loses one of its attempts: the lane calls
again, ever less often, and requests wait on their topic.
"""

from __future__ import annotations

import threading
from datetime import timedelta

from services.notifier.sending.courier import Courier
from services.notifier.sending.desk import Desk
from services.notifier.sending.durable_writer import Stopping
from services.notifier.sending.medium import Medium, MediumUnreachable
from services.notifier.sending.schedule import LaneSchedule
from shared.backoff import wait_after
from shared.errors import FatalError
from shared.observability.logging import get_logger

_LOG = get_logger()
_LONGEST_RECONNECT_WAIT = timedelta(minutes=1)
_LOOK_SECONDS = 0.2


class Lane(threading.Thread):
    """Works until the desk says ``stopping``."""

    def __init__(
        self,
        number: int,
        schedule: LaneSchedule,
        courier: Courier,
        medium: Medium,
        desk: Desk,
        reconnect_after: timedelta,
    ) -> None:
        super().__init__(name=f"sender-lane-{number}", daemon=True)
        self.schedule = schedule
        self._courier = courier
        self._medium = medium
        self._desk = desk
        self._reconnect_after = reconnect_after
        self._vain_calls = 0

    def run(self) -> None:
        failure: Exception | None = FatalError(f"{self.name} ended by what no handler catches")
        try:
            while not self._desk.stopping.is_set():
                self._turn()
            failure = None
        except Stopping:
            failure = None
        except Exception as error:
            failure = error
        finally:
            if failure is not None:  # a lane that dies silently would let requests wait for ever
                self._desk.failures.put(failure)
            self._medium.close()

    @property
    def is_connected(self) -> bool:
        """False while its provider cannot be reached."""
        return self._vain_calls == 0

    @property
    def provider(self) -> str:
        """Whom it hands messages to, as a sentence names it."""
        return self._medium.provider

    def _turn(self) -> None:
        if not self.schedule.wait_for_due(_LOOK_SECONDS):
            self._medium.close_if_idle()
            return
        if not self._desk.lease.is_fresh():
            self._desk.stopping.wait(_LOOK_SECONDS)
            return
        if not self._connect():
            return
        delivery = self.schedule.take()
        if delivery is not None:
            self._courier.deliver(delivery)

    def _connect(self) -> bool:
        try:
            self._medium.connect()
        except MediumUnreachable as unreachable:
            self._vain_calls += 1
            wait = wait_after(self._vain_calls, self._reconnect_after, _LONGEST_RECONNECT_WAIT)
            _LOG.warning("relay_unreachable", reason=unreachable.reason, retry_in_seconds=wait.total_seconds())
            self._desk.stopping.wait(wait.total_seconds())
            return False
        self._vain_calls = 0
        return True
