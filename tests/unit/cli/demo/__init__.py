"""Tests of ``services/cli/demo``."""
