"""Safety rules switched off one at a time, to show that the torture harness notices.

A mutant is a service process in which a named attribute was replaced before the service's own ``__main__`` ran; the
product knows nothing of it. The rest of ``tests/torture`` imports nothing of ``services``. The exception is here and
as narrow as it can be: only ``patches`` does, and ``patches`` is imported in a mutated service process alone.
"""
