"""Local state of processors: one SQLite file per partition, rebuilt from the changelog when in doubt."""
