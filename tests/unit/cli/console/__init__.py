"""Tests of ``services/cli/console``."""
