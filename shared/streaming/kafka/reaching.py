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
from shared.kafka_listener import Explanation, explain, first_listening
from shared.kafka_security import confluent_security
from shared.settings import KafkaSettings

AUTHENTICATION: Final = KafkaError._AUTHENTICATION  # noqa: SLF001
ANSWER_SECONDS: Final = 10.0
"""What brokers that start or are busy are given."""
_FIRST_TRY_SECONDS: Final = 2.5
"""Then it is looked whether waiting helps at all."""
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
    _knock(settings, otherwise)
    _require_right(explain(settings), settings)
    try:
        return make(int(_FIRST_TRY_SECONDS * 1000))
    except failures:
        found = why_unreachable(settings)
    _require_right(found, settings)
    try:
        return make(int((ANSWER_SECONDS - _FIRST_TRY_SECONDS) * 1000))
    except failures as failure:
        raise BrokerUnavailable(
            f"no Kafka broker answered at {settings.bootstrap_servers} within {ANSWER_SECONDS:g} s "
            f"({type(failure).__name__}): {found.text}{otherwise}"
        ) from None


def _require_right(found: Explanation, settings: KafkaSettings) -> None:
    if found.setting is not None:
        raise BrokerUnavailable(f"no Kafka broker can be used at {settings.bootstrap_servers}: {found.text}")


def _knock(settings: KafkaSettings, otherwise: str) -> None:
    """Wait for somebody to listen: a client that finds nobody leaves a thread and a socket behind."""
    until = time.monotonic() + ANSWER_SECONDS
    while first_listening(settings.bootstrap_servers) is None:
        if time.monotonic() > until:
            raise BrokerUnavailable(
                f"no Kafka broker answered within {ANSWER_SECONDS:g} s: {explain(settings).text}{otherwise}"
            )
        time.sleep(_POLL_SECONDS)


def why_unreachable(settings: KafkaSettings) -> Explanation:
    """Why no client comes through, for a tool that ends with it; tries to log in where that alone is left."""
    found = explain(settings)
    if found.setting is None and settings.logs_in and is_login_refused(settings):
        return explain(settings, login_refused=True)
    return found


def is_login_refused(settings: KafkaSettings) -> bool:
    """Log in once. False also where nobody answers."""
    codes: list[Any] = []
    try:
        security = confluent_security(settings)
    except ConfigurationError:
        return False
    admin = AdminClient(
        {"bootstrap.servers": settings.bootstrap_servers, "log_level": 0, **security}
        | {"error_cb": lambda error: codes.append(error.code())}
    )
    until = time.monotonic() + _TRIED_SECONDS
    while AUTHENTICATION not in codes and time.monotonic() < until:
        try:
            admin.list_topics(timeout=_POLL_SECONDS)
        except KafkaException:
            admin.poll(_POLL_SECONDS)
        else:
            return False
    return AUTHENTICATION in codes
