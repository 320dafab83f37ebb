"""The notifier's sender and composer with real SMTP, Kafka and Redis."""
