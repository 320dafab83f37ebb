"""``python -m services.cli`` is ``cbus``."""

from services.cli.app import main

if __name__ == "__main__":
    main()
