"""``cbus doctor``: what this machine lacks."""
