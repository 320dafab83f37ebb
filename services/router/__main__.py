"""``python -m services.router``."""

from __future__ import annotations

import sys

from services.router.bootstrap import main
from shared.errors import ConfigurationError

if __name__ == "__main__":
    try:
        sys.exit(main())
    except ConfigurationError as refusal:
        sys.exit(str(refusal))
