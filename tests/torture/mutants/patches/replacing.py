"""Replacing one named attribute; a name that is gone is an error, not a mutant that does nothing."""

from __future__ import annotations


def replace(owner: object, name: str, replacement: object) -> None:
    """Put ``replacement`` in the place of ``owner.name``. AttributeError: there is no such place any more."""
    getattr(owner, name)
    setattr(owner, name, replacement)
