"""Making a Kafka cluster match the topic registry (``shared.events.topics``)."""
