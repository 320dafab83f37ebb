"""Deterministic simulation: whole histories of processes, crashes and zombies in one thread, by a seed.

The engine's own loop runs over the broker in memory. Which process runs next, what is written meanwhile, and what
happens between any two effects of a pass (killed, overtaken, cut off from the broker) is drawn from a seed, so a
history that breaks a promise can be run again: ``python -m tests.simulation counter 4711`` prints it step by step.
"""
