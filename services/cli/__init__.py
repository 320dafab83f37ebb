"""``cbus``, the operator's command line: reads and writes the bus from outside, decides nothing of its own."""
