"""Reaching the brokers from a tool that ends when it cannot: soon, and with the setting that is wrong.

Whether the login is refused is the one thing a listener does not show before somebody has tried.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from shared.errors import BrokerUnavailable, ConfigurationError
from shared.kafka_listener import Explanation, explain, first_listening, nobody_listens
from shared.kafka_security import confluent_security
from shared.settings import KafkaSettings
from shared.streaming.kafka.faults import cause_of

AUTHENTICATION: Final = KafkaError._AUTHENTICATION  # noqa: SLF001
ANSWER_SECONDS: Final = 10.0
"""What brokers that start or are busy are given, looking for the cause included: a person waits no longer."""
_FIRST_TRY_SECONDS: Final = 2.5
"""Then it is looked whether waiting helps at all."""
_SHORTEST_TRY_SECONDS: Final = 0.5
_TRIED_SECONDS: Final = 4.0
_POLL_SECONDS: Final = 0.1
Client = TypeVar("Client")


def reach(
    make: Callable[[int], Client],
    settings: KafkaSettings,
    failures: tuple[type[Exception], ...],
    otherwise: str = "",
) -> Client:
    """What ``make`` returns, given the milliseconds its client may take to find a broker.

    BrokerUnavailable when it raises one of ``failures``: at once where a setting is wrong, which is named; else after
    ``ANSWER_SECONDS``, with ``otherwise`` behind it.
    """
    until = time.monotonic() + ANSWER_SECONDS
    _knock(settings, until, otherwise)
    found = explain(settings)
    _require_right(found, settings)
    tried = "its listener was looked at"
    for most_seconds in (_FIRST_TRY_SECONDS, ANSWER_SECONDS):
        left = until - time.monotonic()
        if left < _SHORTEST_TRY_SECONDS:
            break
        try:
            return make(int(min(most_seconds, left) * 1000))
        except failures as failure:
            tried = type(failure).__name__
        _require_login(settings, until)
    if first_listening(settings.bootstrap_servers, _SHORTEST_TRY_SECONDS) is None:
        found = nobody_listens(settings)  # any more
    raise BrokerUnavailable(
        f"no Kafka broker answered at {settings.bootstrap_servers} within {ANSWER_SECONDS:g} s ({tried}): "
        f"{found.text}{otherwise}"
    )


def _require_right(found: Explanation, settings: KafkaSettings) -> None:
    if found.setting is not None:
        raise BrokerUnavailable(f"no Kafka broker can be used at {settings.bootstrap_servers}: {found.text}")


def _knock(settings: KafkaSettings, until: float, otherwise: str) -> None:
    """Wait for somebody to listen: a client that finds nobody leaves a thread and a socket behind."""
    while first_listening(settings.bootstrap_servers, until - time.monotonic()) is None:
        if time.monotonic() + _POLL_SECONDS > until:
            raise BrokerUnavailable(
                f"no Kafka broker answered within {ANSWER_SECONDS:g} s: {nobody_listens(settings).text}{otherwise}"
            )
        time.sleep(_POLL_SECONDS)


def _require_login(settings: KafkaSettings, until: float) -> None:
    """Try to log in where that alone is left to be wrong; who refuses it answers, and so is soon explained."""
    if settings.logs_in and is_login_refused(settings, min(_TRIED_SECONDS, until - time.monotonic())):
        _require_right(explain(settings, login_refused=True), settings)


def is_login_refused(settings: KafkaSettings, seconds: float = _TRIED_SECONDS) -> bool:
    """Log in once. False also where nobody answers within ``seconds``."""
    codes: list[Any] = []
    try:
        security = confluent_security(settings)
    except ConfigurationError:
        return False
    admin = AdminClient(
        {"bootstrap.servers": settings.bootstrap_servers, "log_level": 0, **security}
        | {"error_cb": lambda error: codes.append(error.code())}
    )
    until = time.monotonic() + seconds
    while AUTHENTICATION not in codes and time.monotonic() < until:
        try:
            admin.list_topics(timeout=_POLL_SECONDS)
        except KafkaException as error:
            cause_of(error)
            admin.poll(_POLL_SECONDS)
        else:
            return False
    return AUTHENTICATION in codes
