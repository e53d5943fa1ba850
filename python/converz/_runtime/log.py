"""The logger `converz`, imported when there is something to log, so that importing the package does not take logging."""

from __future__ import annotations

import logging
import sys
from logging import DEBUG, INFO

__all__ = ["DEBUG", "INFO", "logger", "tell"]

logger = logging.getLogger("converz")

# A library is silent unless its user configures logging.
logger.addHandler(logging.NullHandler())


def tell(level: int, line: str) -> None:
    """Log a line. What a handler raises is its user's, but a standard error that was closed ends nothing."""
    try:
        # The line is an argument, since it may hold a percent sign.
        logger.log(level, "%s", line, stacklevel=2)
    except ValueError:
        # Where a handler cannot write to it, `logging` says so there, and fails.
        if sys.stderr is None or not sys.stderr.closed:
            raise
