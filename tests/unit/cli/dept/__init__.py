"""Tests of ``services/cli/dept``."""
