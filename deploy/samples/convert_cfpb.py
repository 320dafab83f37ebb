"""Turns rows of the CFPB Consumer Complaint Database (US government work, public domain) into submissions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def to_submission(row: Mapping[str, Any]) -> dict[str, Any]:
    """One row as the HTTP door takes it: ``channel_message_id`` is ``cfpb-<complaint_id>``, the language is English.

    Names, accounts and dates are masked as XXXX in the source already; company and product are kept.
    """
    product = " / ".join(part for part in (row.get("product"), row.get("sub_product")) if part)
    return {
        "channel": "web",
        "channel_message_id": f"cfpb-{row['complaint_id']}",
        "narrative": {"text": row["narrative"].strip()[:20_000], "subject": (row.get("issue") or "")[:300] or None},
        "complainant": {"anonymous": False},
        "product": {"name": product[:200] or None},
        "merchant_reference": (row.get("company") or "")[:200] or None,
        "place": row.get("state"),
        "language": "en",
    }
