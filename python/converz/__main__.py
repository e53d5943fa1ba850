"""The command ``converz``, as ``python -m converz``."""

import sys

from converz._cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
