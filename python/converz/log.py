"""The logger `converz`, imported when there is something to log, so that importing the package does not take logging."""

from __future__ import annotations

import logging

__all__ = ["logger"]

logger = logging.getLogger("converz")

# A library is silent unless its user configures logging.
logger.addHandler(logging.NullHandler())
