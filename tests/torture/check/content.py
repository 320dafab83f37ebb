"""Digests of what a complainant sent: the same from the client's ledger and from any record that carries it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from tests.torture.check.records import Content

_FIELDS = ("channel", "order_reference", "merchant_reference", "store_reference", "place", "desired_remedy")
_FIELDS_OF_COMPLAINANT = ("name", "email", "phone")
_KNOWN: dict[Content, Content] = {}
"""One object per content: a run has few distinct ones."""


def person_of(complainant: Mapping[str, Any]) -> bytes:
    """A digest of what a letter needs to know of a complainant: name, address, whether to be known at all."""
    known = [complainant.get("name"), complainant.get("email"), complainant.get("anonymous", False)]
    return hashlib.blake2b(json.dumps(known).encode(), digest_size=16).digest()


def content_of(submission: Mapping[str, Any]) -> Content:
    """The digests of a submission as sent, or of a complaint as it travels."""
    narrative = submission["narrative"]
    text, subject = (narrative, None) if isinstance(narrative, str) else (narrative["text"], narrative.get("subject"))
    complainant = submission.get("complainant") or {}
    fields = [subject, *map(submission.get, _FIELDS), *map(complainant.get, _FIELDS_OF_COMPLAINANT)]
    content = Content(
        hashlib.sha256(text.encode()).digest(),
        hashlib.blake2b(json.dumps(fields).encode(), digest_size=16).digest(),
    )
    return _KNOWN.setdefault(content, content)
