"""The auditor's contact with files and the log outside the engine."""
