"""Progress in the log of a task."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from converz import Receipt

__all__ = ["in_log", "said"]

EVERY = 30.0
"""Seconds between two lines."""


def in_log(log: Any, unit: str, clock: Callable[[], float] = time.monotonic) -> Callable[[int, int], None]:
    """Return a function for ``progress=`` that writes a line now and then."""
    last = clock()

    def progress(done: int, received: int) -> None:
        nonlocal last
        now = clock()
        if now - last >= EVERY:
            last = now
            log.info("%s %s so far, %s bytes", f"{done:,}", unit, f"{received:,}")

    return progress


def said(receipt: Receipt) -> str:
    """Say what reading took, and not what was asked for, which may name people."""
    return (
        f"{receipt.rows:,} rows in {receipt.requests:,} requests, {receipt.retries:,} of them retries: "
        f"{receipt.bytes_received:,} bytes in {receipt.seconds:.1f} s"
    )
