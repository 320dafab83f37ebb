"""Where intake touches the world: HTTP in front, Kafka and Redis behind."""
