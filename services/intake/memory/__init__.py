"""What the door remembers, so that a repeat is known: our own log read back, Redis, and what is under way right now."""
