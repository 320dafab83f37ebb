"""Tests of the torture harness's checker: a sound history passes, and every way to break one is found."""
