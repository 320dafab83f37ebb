"""Tests of ``services/cli/doctor``."""
