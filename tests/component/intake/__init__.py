"""Intake with real HTTP, Kafka and Redis."""
