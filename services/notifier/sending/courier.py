"""One attempt at one message: say so, hand it over, say what came of it.

``attempted`` is durable before the provider hears of the message, so whoever takes over later knows that it may have
arrived; it is then sent again under the same id and marked as a possible repeat.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from services.notifier.domain.progress import NOTHING_YET, Progress
from services.notifier.domain.recipient_limit import LIMITED, WITHHELD
from services.notifier.domain.retry import GiveUp, RetryDecision, Sent, TryAgain, decide
from services.notifier.sending import outcomes
from services.notifier.sending.delivery import Delivery
from services.notifier.sending.desk import Desk
from services.notifier.sending.medium import Medium, Unsendable
from services.notifier.sending.preparing import prepared
from services.notifier.sending.schedule import LaneSchedule
from shared.crash_points import crash_point
from shared.events.notifications import NotificationRequested
from shared.observability import metrics
from shared.observability.logging import get_logger
from shared.streaming.records import ProducerRecord

_LOG = get_logger()


Admits = Callable[[str, str, datetime], bool]
"""Whether one more message may go to this addressee: ``Parcel.addressee``, notification id, now."""


class Courier:
    """Delivers for one lane."""

    def __init__(
        self,
        medium: Medium,
        schedule: LaneSchedule,
        desk: Desk,
        retry_after: tuple[timedelta, ...],
        admits: Admits,
    ) -> None:
        self._medium = medium
        self._schedule = schedule
        self._desk = desk
        self._retry_after = retry_after
        self._admits = admits

    def deliver(self, delivery: Delivery) -> None:
        """Make one attempt and record what came of it. Raises Stopping when the process ends before that."""
        parcel = prepared(delivery.request, self._medium)
        if isinstance(parcel, Unsendable):
            _LOG.warning("notification_unsendable", **_fields(delivery), reason=parcel.reason, error=parcel.detail)
            self._conclude(delivery, max(1, delivery.progress.attempts), GiveUp(parcel.reason))
            return
        if delivery.progress == NOTHING_YET and not self._may_go(delivery.request, parcel.addressee):
            _LOG.info("notification_withheld", **_fields(delivery), reason=WITHHELD)
            now = self._desk.clock.now()
            self._settle(delivery, outcomes.withheld(delivery, WITHHELD, now), "withheld")
            return
        attempt = delivery.progress.attempts + 1
        self._desk.writer.write(outcomes.attempted(delivery, attempt, self._desk.clock.now()))
        crash_point("sender.after-attempt")
        if not (self._desk.lease.is_fresh() and delivery.origin.is_owned):
            self._schedule.put_back(delivery, delivery.progress)
            return
        with metrics.NOTIFICATION_DELIVERY_SECONDS.time():
            handover = self._medium.hand_over(parcel)
        crash_point("sender.after-send")
        decision = decide(
            handover,
            attempt=attempt,
            possibly_delivered=delivery.progress.possibly_delivered,
            schedule=self._retry_after,
        )
        self._conclude(delivery, attempt, decision)

    def _may_go(self, request: NotificationRequested, addressee: str) -> bool:
        if request.template not in LIMITED:
            return True
        return self._admits(addressee, request.notification_id, self._desk.clock.now())

    def _conclude(self, delivery: Delivery, attempt: int, decision: RetryDecision) -> None:
        now = self._desk.clock.now()
        match decision:
            case Sent(possible_repeat):
                self._settle(delivery, outcomes.sent(delivery, attempt, possible_repeat, now), "sent")
            case GiveUp(reason):
                _LOG.warning("notification_failed", **_fields(delivery), attempt=attempt, reason=reason)
                self._settle(delivery, outcomes.failed(delivery, attempt, reason, now), "failed")
            case TryAgain():
                self._defer(delivery, attempt, decision, now)

    def _settle(self, delivery: Delivery, outcome: ProducerRecord, result: str) -> None:
        """The lane goes on at once; the offset is done when the outcome is durable."""
        self._desk.writer.write_later(outcome, self._finishing(delivery))
        self._schedule.settle(delivery)
        self._count(delivery, result)

    def _defer(self, delivery: Delivery, attempt: int, decision: TryAgain, now: datetime) -> None:
        progress = Progress(attempt, decision.possibly_delivered, now + decision.after)
        seconds = decision.after.total_seconds()
        self._desk.writer.write(outcomes.deferred(delivery, progress, decision.reason, now))
        _LOG.info(
            "notification_deferred",
            **_fields(delivery),
            attempt=attempt,
            reason=decision.reason,
            retry_in_seconds=seconds,
        )
        self._schedule.put_back(delivery, progress)
        self._count(delivery, "retried")

    def _finishing(self, delivery: Delivery) -> Callable[[], None]:
        def finish() -> None:
            crash_point("sender.after-outcome")
            self._desk.finished.put((delivery.origin, delivery.offset))

        return finish

    def _count(self, delivery: Delivery, result: str) -> None:
        request = delivery.request
        metrics.NOTIFICATIONS_TOTAL.labels(request.medium, request.template, result).inc()


def _fields(delivery: Delivery) -> dict[str, str]:
    request = delivery.request
    return {
        "notification_id": request.notification_id,
        "complaint_id": request.complaint_id,
        "template": request.template,
    }
