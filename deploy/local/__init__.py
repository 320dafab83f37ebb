"""The local stack for development, demo and tests: real Kafka, real Valkey and a mail sink, on loopback.

Nothing in here is meant for production: replication 1, no authentication, small heaps. Start with ``stack.LocalStack``.
"""
