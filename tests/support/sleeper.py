"""``python -m tests.support.sleeper``: a process that waits for a signal, to be paused and woken by tests."""

import signal

signal.pause()
