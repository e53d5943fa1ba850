"""The format that the name of a file says, for options that leave it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from converz._cli.command import UsageError
from converz._results.file_endings import FORMATS, format_of

if TYPE_CHECKING:
    from converz._results.file_endings import FileFormat

__all__ = ["format_of_name"]


def format_of_name(path: str, endings: dict[str, FileFormat]) -> FileFormat:
    """Find the format that the ending of a path names."""
    found = format_of(path, endings)
    if found is None:
        known = ", ".join(f".{each}" for each in FORMATS)
        message = f"the ending of {path[:80]!r} names no format: use one of {known}, or --format"
        raise UsageError(message)
    return found
