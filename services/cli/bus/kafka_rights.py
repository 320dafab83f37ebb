"""Topics that are there and that this user may not see: Kafka leaves them out of its lists without a word.

So a list without a topic proves nothing. Asked for a topic by name, the broker does say that a right is missing;
whether the topic exists it then keeps to itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import closing
from typing import Any, Final

from kafka import KafkaAdminClient
from kafka.errors import TopicAuthorizationFailedError

from deploy.topics.departments import department_ids
from services.cli.bus.kafka_access import connected
from services.cli.console.checkout import checkout_path
from shared.errors import ComplaintBusError, ConfigurationError
from shared.events.topics import bus_topics
from shared.settings import KafkaSettings

_NO_RIGHT: Final = TopicAuthorizationFailedError.errno


def expected_topics() -> list[str]:
    """Names of the bus's topics, those of departments as far as their configuration is here."""
    try:
        departments = department_ids(checkout_path("deploy/config/departments.yaml"))
    except ConfigurationError:
        departments = []
    return [topic.name for topic in bus_topics(departments)]


def hidden_topics(settings: KafkaSettings, names: Iterable[str], seen: Collection[str]) -> list[str]:
    """Those of ``names`` that this user may not see. ``seen`` are in the broker's list, so it is not asked for them."""
    missing = sorted(set(names) - set(seen))
    if not missing:
        return []
    with closing(connected(KafkaAdminClient, settings)) as admin:
        described: list[dict[str, Any]] = admin.describe_topics(missing)
    return [topic["name"] for topic in described if topic["error_code"] == _NO_RIGHT]


def require_visible(settings: KafkaSettings, names: Iterable[str], seen: Collection[str]) -> None:
    """ComplaintBusError: one of ``names`` is hidden, so what was found, or not found, says nothing."""
    hidden = hidden_topics(settings, names, seen)
    if hidden:
        raise ComplaintBusError(missing_right(settings, hidden))


def missing_right(settings: KafkaSettings, hidden: Collection[str]) -> str:
    """What is not known, why, and who mends it."""
    first, *others = sorted(hidden)
    also = f" and {len(others)} more topics" if others else ""
    user = settings.sasl_username or "this client"
    return (
        f"{user} may not see {first}{also}, so nothing can be said about what is there: the right Read on the topic "
        "(it includes Describe) is missing. Ask who runs Kafka for an ACL, or use an account that has it "
        "(CBUS_KAFKA__SASL_USERNAME)"
    )
