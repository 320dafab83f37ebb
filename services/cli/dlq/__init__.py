"""``cbus dlq``: dead letters, why they are, and the way back."""
