"""Tests of ``services/cli/trace``."""
