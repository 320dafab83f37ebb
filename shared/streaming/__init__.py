"""The engine: one loop, one transaction, timers, dead letters. See ``loop`` for the order of things."""
