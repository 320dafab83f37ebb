"""One run from begin to end, and what watches it meanwhile."""
