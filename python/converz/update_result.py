"""`UpdateResult`: what an update did."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["UpdateResult"]


@dataclass(frozen=True, slots=True)
class UpdateResult:
    """What an update did."""

    rows: int
    """Rows of the frame, all of them confirmed by the service."""
    cells: int
    """Cells that were set."""
    requests: int
    """Requests that were sent, retries included."""
    seconds: float
    """From the call to the last answer."""
