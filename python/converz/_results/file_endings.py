"""What the end of a file's name says of its format: one list for all that write files, or read them."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import NamedTuple

__all__ = ["FORMATS", "READ", "WRITTEN", "FileFormat", "format_of", "is_address"]


class FileFormat(NamedTuple):
    """A format, which reads and writes the same whatever the name of a file."""

    name: str
    """Which is an ending as well."""
    kind: str
    """As the core's reader calls it, which finds out by itself how text is compressed."""
    writer: str
    """The method of results that writes it."""
    options: dict[str, str]
    """What this method takes beside the file."""


FORMATS = {
    each.name: each
    for each in (
        FileFormat("parquet", "parquet", "write_parquet", {}),
        FileFormat("csv", "csv", "write_csv", {"compression": "uncompressed"}),
        FileFormat("csv.gz", "csv", "write_csv", {"compression": "gzip"}),
        FileFormat("csv.zst", "csv", "write_csv", {"compression": "zstd"}),
        FileFormat("ndjson", "ndjson", "write_ndjson", {"compression": "uncompressed"}),
        FileFormat("ndjson.gz", "ndjson", "write_ndjson", {"compression": "gzip"}),
        FileFormat("ndjson.zst", "ndjson", "write_ndjson", {"compression": "zstd"}),
        FileFormat("arrow", "arrow", "write_ipc", {}),
    )
}
"""Formats by their names."""

ALIASES = {
    "jsonl": "ndjson",
    "jsonl.gz": "ndjson.gz",
    "jsonl.zst": "ndjson.zst",
    "feather": "arrow",
    "ipc": "arrow",
}

WRITTEN = {**FORMATS, **{alias: FORMATS[name] for alias, name in ALIASES.items()}}
"""Formats by every ending that a file to be written may have."""

# Arrow's stream, which is not the file that we write, and which its readers would refuse under this name.
READ = {**WRITTEN, "arrows": FORMATS["arrow"]}
"""Formats by every ending that a file to be read may have."""


def is_address(path: object) -> bool:
    """Whether a path is an address such as ``s3://bucket/calls.parquet``.

    It would be a folder ``s3:`` of this machine, which is made in silence where folders are.
    """
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", str(path)) is not None


def format_of(path: object, endings: dict[str, FileFormat]) -> FileFormat | None:
    """Find the format that the end of a path or of a URL names; none where it names none."""
    parts = PurePath(str(path)).name.lower().split(".")
    for count in (2, 1):
        ending = ".".join(parts[-count:])
        if len(parts) > count and ending in endings:
            return endings[ending]
    return None
