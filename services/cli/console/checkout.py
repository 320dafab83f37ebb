"""Where the checkout's files are, from whatever directory ``cbus`` is run."""

from __future__ import annotations

from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[3]


def checkout_path(relative: str) -> Path:
    """``relative`` below the working directory if it is there, else below the checkout this code lies in."""
    here = Path(relative)
    return here if here.exists() else _CHECKOUT / here
