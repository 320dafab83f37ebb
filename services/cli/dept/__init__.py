"""``cbus dept``: a department's own client."""
