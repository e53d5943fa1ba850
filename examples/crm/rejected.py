"""Rows that a CRM did not take, each with its reason, in a file of CSV."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

HEADER = ("call_id", "vendor_call_id", "reason")


def write(file: str, rows: Iterable[tuple[object, object, str]]) -> int:
    """Add rows to a file, on the disk when this returns: only then may the cursor move past them."""
    rows = list(rows)
    if rows:
        path = Path(file)
        is_new = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as out:
            writer = csv.writer(out)
            writer.writerows([HEADER, *rows] if is_new else rows)
            out.flush()
            os.fsync(out.fileno())
    return len(rows)
