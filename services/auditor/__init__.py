"""Auditor: reads ``complaints.received.v1`` and everything after it, decides for every complaint whether something is
missing or there twice, and writes ``audit.events.v1``; a lost submission is put on the log again under the same id.
"""
