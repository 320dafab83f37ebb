"""Contracts and plumbing every service builds on; decisions never live here."""
