"""Where intake writes: Kafka."""
