"""Rows in a file, for a sandbox to serve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from converz import _core
from converz._results.file_endings import FORMATS, READ, format_of
from converz._results.table import Table
from converz.errors import InvalidInputError

__all__ = ["rows_of_file"]

READERS = {"arrow": "read_ipc", "csv": "read_csv", "ndjson": "read_ndjson", "parquet": "read_parquet"}
"""What polars reads a kind of file with: it finds numbers in the text of CSV, which an update must not."""


def rows_of_file(name: str) -> Any:
    """Read a file by its name's end."""
    path = Path(name)
    if path.suffix.lower() == ".json":
        return Table._from_core(_core.decode(path.read_bytes()))
    form = format_of(path, READ)
    if form is None:
        known = ", ".join(f".{each}" for each in FORMATS)
        message = f"{name[:80]!r} is of no known kind: it must end with .json, {known}"
        raise InvalidInputError(message)
    try:
        import polars as pl
    except ImportError as error:
        message = f"reading a file of {form.kind} needs polars: pip install 'converz[polars]', or use a file of JSON"
        raise ImportError(message) from error
    reader = "read_ipc_stream" if path.suffix.lower() == ".arrows" else READERS[form.kind]
    return getattr(pl, reader)(path)
