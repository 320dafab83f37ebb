"""Tests of ``services/cli/bus``."""
