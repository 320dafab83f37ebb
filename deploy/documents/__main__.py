"""``make docs``: writes every generated file again. Tests fail when one is stale."""

from __future__ import annotations

import sys
from pathlib import Path

from deploy.documents import departments, settings
from shared.events import document as contracts
from shared.events import document_topics as topics
from shared.observability import document as observability


def generated() -> dict[Path, str]:
    """Every generated file of the project and the text it should have."""
    sources = (contracts, topics, settings, observability, departments)
    return {path: text for source in sources for path, text in source.documents().items()}


def main() -> int:
    """Write what differs and say which."""
    for path, text in generated().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
