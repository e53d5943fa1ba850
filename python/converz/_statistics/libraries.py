"""scipy, which is imported where it is used and asked for by the name of the extra that brings it."""

from __future__ import annotations

from typing import Any

from converz._frames.libraries import required

__all__ = ["scipy_stats"]


def scipy_stats() -> Any:
    """Import ``scipy.stats``, or say how to install it."""
    return required("scipy.stats", "compare", extra="statistics")
