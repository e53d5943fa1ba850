"""Rows in a file, for a sandbox to serve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from converz import _core
from converz._results.table import Table
from converz.errors import InvalidInputError

__all__ = ["rows_of_file"]

READERS = {
    ".arrow": "read_ipc",
    ".csv": "read_csv",
    ".feather": "read_ipc",
    ".jsonl": "read_ndjson",
    ".ndjson": "read_ndjson",
    ".parquet": "read_parquet",
}
"""What polars reads a file with, by its name's end."""


def rows_of_file(name: str) -> Any:
    """Read a file by its name's end."""
    path = Path(name)
    kind = path.suffix.lower()
    if kind == ".json":
        return Table._from_core(_core.decode(path.read_bytes()))
    if kind not in READERS:
        message = f"{name[:80]!r} is of no known kind: it must end with .json, {', '.join(sorted(READERS))}"
        raise InvalidInputError(message)
    try:
        import polars as pl
    except ImportError as error:
        message = f"reading a {kind} file needs polars: pip install 'converz[polars]', or use a file of JSON"
        raise ImportError(message) from error
    return getattr(pl, READERS[kind])(path)
