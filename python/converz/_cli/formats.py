"""The formats of files, by the endings of their names."""

from __future__ import annotations

from pathlib import Path

from converz._cli.command import UsageError

__all__ = ["FORMATS", "format_of"]

FORMATS: dict[str, tuple[str, dict[str, str]]] = {
    "parquet": ("write_parquet", {}),
    "csv": ("write_csv", {}),
    "csv.gz": ("write_csv", {"compression": "gzip"}),
    "csv.zst": ("write_csv", {"compression": "zstd"}),
    "ndjson": ("write_ndjson", {}),
    "ndjson.gz": ("write_ndjson", {"compression": "gzip"}),
    "ndjson.zst": ("write_ndjson", {"compression": "zstd"}),
    "arrow": ("write_ipc", {}),
}
"""The names of formats, which are also the endings of files, and what writes them."""

ALIASES = {
    "jsonl": "ndjson",
    "jsonl.gz": "ndjson.gz",
    "jsonl.zst": "ndjson.zst",
    "feather": "arrow",
    "ipc": "arrow",
    "arrows": "arrow",
}
"""Other endings that mean the same."""


def format_of(path: str) -> str:
    """Find the format that the ending of a path names."""
    parts = Path(path).name.lower().split(".")
    for ending in (".".join(parts[-2:]), parts[-1]):
        form = ALIASES.get(ending, ending)
        if len(parts) > ending.count(".") + 1 and form in FORMATS:
            return form
    endings = ", ".join(f".{each}" for each in FORMATS)
    message = f"the ending of {path[:80]!r} names no format: use one of {endings}, or --format"
    raise UsageError(message)
