"""The bus's decisions, asked for without a bus: ``classify``, ``route``, ``deadline``, ``compose``."""
