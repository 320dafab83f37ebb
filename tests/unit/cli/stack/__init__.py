"""Tests of ``services/cli/stack``."""
