"""The auditor in the engine and on real Kafka."""
