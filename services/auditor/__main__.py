"""``python -m services.auditor``."""

from __future__ import annotations

import sys

from services.auditor.bootstrap import main
from shared.errors import ConfigurationError

if __name__ == "__main__":
    try:
        sys.exit(main())
    except ConfigurationError as refusal:
        sys.exit(str(refusal))
