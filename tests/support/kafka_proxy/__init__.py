"""A proxy before a broker that understands requests: it holds chosen ones back, cuts their connections, delays them.

What a bad network does by chance it does on purpose: a request that the client gave up for lost arrives after all, in
the middle of what the client does next.
"""

from tests.support.kafka_proxy.held_request import HeldRequest
from tests.support.kafka_proxy.protocol import ApiKey, EndTxn, Request, error_code
from tests.support.kafka_proxy.proxy import KafkaProxy

__all__ = ["ApiKey", "EndTxn", "HeldRequest", "KafkaProxy", "Request", "error_code"]
