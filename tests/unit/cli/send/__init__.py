"""Tests of ``services/cli/send``."""
