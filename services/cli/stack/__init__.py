"""``cbus up`` and ``cbus down``: the local stack, in the foreground or on its own."""
