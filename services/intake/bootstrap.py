"""Wiring of intake, and its life as a process: start, serve, and on SIGTERM finish what is in work."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from datetime import timedelta

from fastapi import FastAPI
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from services.intake.adapters.kafka_log import KafkaLog
from services.intake.channels.http.routes import create_app
from services.intake.channels.http.server import DrainingServer, server_config, stopping_on_signals
from services.intake.complaint_door import ComplaintDoor
from services.intake.delivery import Delivery, Memories
from services.intake.memory.cluster_watch import ClusterWatch
from services.intake.memory.idempotency import RedisMemory
from services.intake.memory.receipts import Receipts
from services.intake.message_door import MessageDoor
from services.intake.settings import IntakeSettings
from shared.clock import Clock
from shared.errors import BrokerUnavailable, FatalError
from shared.events.topics import RECEIVED
from shared.listening import naming_the_setting
from shared.observability.health import HealthChecks, HealthServer, Progress
from shared.observability.logging import configure_logging, get_logger
from shared.observability.metrics import set_build_info
from shared.observability.process import log_failed_tasks
from shared.observability.settings_log import warn_of_unread_variables
from shared.settings import RedisSettings, load_settings
from shared.streaming.broker import Broker, Producer
from shared.streaming.cluster_check import ClusterCheck
from shared.streaming.cluster_needs import TopicNeed
from shared.streaming.kafka import KafkaBroker
from shared.streaming.outage_watch import OutageWatch

SERVICE = "intake"
NEEDS = (TopicNeed(RECEIVED, reads=True, writes=True),)
"""It writes what it takes in, and reads it back to know repeats."""

_ANSWER_MARGIN_SECONDS = 0.3
"""The producer gives up first, so that a refused record is normally not on its way any more."""

_PING_SECONDS = 2.0
_OPENING_SECONDS = 1.2
"""With what a request waits itself (``cluster_watch.ANSWER_SECONDS``) below the two seconds a refusal may take."""
_MARK_SECONDS = 1.0
_STALL_SECONDS = 30.0
_FLUSH_SECONDS = 5.0

_log = get_logger()


class Intake:
    """The wired service. ``app`` is the ASGI application; ``start`` and ``stop`` run inside its event loop."""

    def __init__(self, settings: IntakeSettings, *, broker: Broker, clock: Clock, redis: Redis) -> None:
        secret = settings.query_code_secret.get_secret_value().encode()
        self.fatal = asyncio.Event()
        self.exit_code = 0
        self.broker = broker
        self._producer: Producer = broker.producer()
        self._outages = OutageWatch(broker)
        self._failure: FatalError | None = None
        keep = timedelta(days=settings.idempotency_days)
        self._memory = RedisMemory(redis, timeout_seconds=settings.redis.timeout_seconds, keep=keep)
        directory = settings.state_dir / SERVICE / settings.instance_id
        self._receipts = Receipts(broker, directory, settings.instance_id, keep, clock)
        log = KafkaLog(
            self._producer,
            deadline_seconds=settings.kafka.delivery_timeout_seconds + _ANSWER_MARGIN_SECONDS,
            max_in_flight=settings.http.max_in_flight,
            on_fatal=self._give_up,
        )
        self._check = ClusterCheck(broker, SERVICE, NEEDS, settings.kafka.missing_patience_seconds)
        self._cluster = ClusterWatch(
            broker, (self._memory, self._receipts), self._receipts.wait, self._give_up, self._check.require
        )
        self._delivery = Delivery(log, Memories(self._receipts, self._memory), self._cluster.is_open)
        self.app: FastAPI = create_app(
            ComplaintDoor(self._delivery, query_code_secret=secret, clock=clock),
            MessageDoor(self._delivery, query_code_secret=secret, clock=clock),
            settings.http,
        )
        self._cluster_watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Follow the log, and give the memories a moment, so that nobody is sent away while all is well.

        Whoever knocks meanwhile waits in the listener's queue, and is answered in time with Kafka away, too.
        """
        self._producer.watch_failure(self._in_loop(self._give_up))
        self._outages.start()
        self._receipts.start()
        self._cluster_watch = asyncio.create_task(self._cluster.run())
        self._cluster_watch.add_done_callback(self._on_watch_ended)
        await self._cluster.is_open(_OPENING_SECONDS)

    async def stop(self) -> None:
        """Finish what is on its way, flush, and let go of everything."""
        if self._cluster_watch is not None:
            self._cluster_watch.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):  # an error of it was told when it ended
                await self._cluster_watch
        await self._delivery.settle()
        unacknowledged = await asyncio.to_thread(self._producer.flush, _FLUSH_SECONDS)
        if unacknowledged:
            _log.warning("records_unacknowledged_at_stop", records=unacknowledged)
        await asyncio.to_thread(self._producer.close)
        await asyncio.to_thread(self._receipts.stop)
        await asyncio.to_thread(self._outages.stop)
        await self._memory.close()

    def not_ready(self) -> str | None:
        """What keeps it from taking submissions in, or None."""
        if self._failure is not None:
            return str(self._failure)
        try:
            self.broker.ping(_PING_SECONDS)
        except BrokerUnavailable as error:
            return f"Kafka does not answer: {error}"
        except Exception as error:
            return f"Kafka does not answer ({type(error).__name__})"
        if self._check.problem is not None:
            return self._check.problem
        return "what was taken in before is not read yet" if self._cluster.opens_later else None

    def _on_watch_ended(self, task: asyncio.Task[None]) -> None:
        """It ends by being cancelled. By anything else it would leave the door as it stands, for good."""
        if not task.cancelled():
            self._give_up(FatalError(f"the watch over the cluster ended by {type(task.exception()).__name__}"))

    def _give_up(self, error: FatalError) -> None:
        if self._failure is None:
            _log.critical("stopping_for_a_restart", error=error, exit_code=error.exit_code)
            self.exit_code = error.exit_code
        self._failure = error
        self.fatal.set()

    @staticmethod
    def _in_loop(act: Callable[[FatalError], None]) -> Callable[[FatalError], None]:
        """``act`` for another thread to call; when the loop has ended it matters no more."""
        loop = asyncio.get_running_loop()

        def call(error: FatalError) -> None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(act, error)

        return call


def build(
    settings: IntakeSettings, *, broker: Broker | None = None, clock: Clock | None = None, redis: Redis | None = None
) -> Intake:
    """Wire the service; what is not given is made from ``settings``."""
    return Intake(
        settings,
        broker=broker or KafkaBroker(settings.kafka),
        clock=clock or settings.make_clock(),
        redis=redis or _redis(settings.redis),
    )


def main() -> int:
    """Run until SIGTERM or SIGINT: 0. A producer beyond repair: 1; a topic or right that is missing: 78."""
    settings = load_settings(IntakeSettings)
    configure_logging(SERVICE, settings.instance_id, settings.log_level)
    warn_of_unread_variables(IntakeSettings)
    set_build_info(SERVICE)
    import uvloop

    return uvloop.run(serve(settings))


async def serve(settings: IntakeSettings) -> int:
    """Serve HTTP and health until told to stop; returns the exit code."""
    log_failed_tasks(asyncio.get_running_loop())
    intake = build(settings)
    progress = Progress(_STALL_SECONDS)
    health = HealthServer(
        settings.health.host, settings.health.port, HealthChecks(live=progress.problem, ready=intake.not_ready)
    )
    with naming_the_setting(settings.http.host, settings.http.port, "HTTP"):
        listener = socket.create_server((settings.http.host, settings.http.port), backlog=2048)
    server = DrainingServer(server_config(intake.app, settings.http))
    with stopping_on_signals(server):
        await intake.start()
        health.start()
        beat = asyncio.create_task(_beat(progress, intake.fatal, server))
        _log.info("started", host=settings.http.host, port=listener.getsockname()[1])
        _log.info("health_listening", host=settings.health.host, port=health.port)
        try:
            await server.serve(sockets=[listener])
        finally:
            beat.cancel()
            await intake.stop()
            health.stop()
    _log.info("stopped")
    return intake.exit_code


async def _beat(progress: Progress, fatal: asyncio.Event, server: DrainingServer) -> None:
    """Shows that the loop comes round; ends the server when the producer is beyond repair."""
    while True:
        progress.mark()
        if fatal.is_set():
            server.should_exit = True
        await asyncio.sleep(_MARK_SECONDS)


def _redis(settings: RedisSettings) -> Redis:
    """A client that neither retries nor waits: ``RedisMemory`` keeps the time itself."""
    return Redis.from_url(settings.url, retry=Retry(NoBackoff(), 0))
