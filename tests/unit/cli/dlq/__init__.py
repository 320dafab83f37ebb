"""Tests of ``services/cli/dlq``."""
