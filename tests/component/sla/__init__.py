"""The SLA service in the engine."""
