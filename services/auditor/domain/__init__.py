"""What the auditor knows and decides. Pure."""
