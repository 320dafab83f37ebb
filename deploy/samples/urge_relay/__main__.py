"""``python -m deploy.samples.urge_relay``."""

import sys

from deploy.samples.urge_relay.processor import UrgeRelay
from shared.settings import load_settings
from shared.streaming.engine_settings import ProcessorSettings
from shared.streaming.kafka import KafkaBroker
from shared.streaming.service import Service

if __name__ == "__main__":
    settings = load_settings(ProcessorSettings)
    sys.exit(Service(UrgeRelay(), settings, broker=KafkaBroker(settings.kafka), clock=settings.make_clock()).run())
