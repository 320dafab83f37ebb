"""``cbus demo``: the whole bus on sample complaints, departments that work, a live table, the auditor's word."""
