"""Intake: reads what consumers say over HTTP, decides whether it is a complaint we can keep, writes it to Kafka.

It is the only door in. A 202 means: durable on ``complaints.received.v1``, with this ticket number.
"""
