"""The engine's ports on real Kafka: the only importer of confluent-kafka on the data path.

Settings follow the engine rules of the design: nothing commits by itself, readers see committed records only, an
offset that no longer exists is an incident (``auto.offset.reset=error``), producers wait for all in-sync replicas.
"""

from shared.streaming.kafka.broker import KafkaBroker

__all__ = ["KafkaBroker"]
