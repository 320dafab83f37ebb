"""``cbus audit``: the ledger, and how far the auditor has read."""
