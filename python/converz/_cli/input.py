"""Where a frame comes from: a file, or standard input."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from converz import _core
from converz._cli.command import DataError, UsageError
from converz._cli.formats import format_of_name
from converz._cli.options import pin
from converz._results.file_endings import FORMATS, READ
from converz._results.table import Table
from converz.errors import ConverzError

if TYPE_CHECKING:
    import argparse

__all__ = ["add_input", "read_input"]


def add_input(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("file", metavar="FILE", help="CSV, Parquet, NDJSON or Arrow; - is standard input")
    group = parser.add_argument_group("input")
    group.add_argument(
        "--format",
        choices=tuple(dict.fromkeys(each.kind for each in FORMATS.values())),
        help="by default what the ending of FILE says, for standard input csv",
    )
    group.add_argument("--separator", default=",", help="between the cells of CSV; a comma by default")
    group.add_argument(
        "--schema",
        action="extend",
        nargs="+",
        type=pin,
        metavar="NAME=TYPE",
        help="what the text of CSV or NDJSON says, such as score=int64: cells of CSV are text otherwise, so that 007 "
        "stays 007",
    )


def read_input(options: argparse.Namespace, key: str) -> Table:
    """Read the frame that the options name."""
    form = options.format or ("csv" if options.file == "-" else format_of_name(options.file, READ).kind)
    types = dict(options.schema or [])
    if types and form not in ("csv", "ndjson"):
        message = f"--schema says what text is, and a file of {form} has types of its own"
        raise UsageError(message)
    data = sys.stdin.buffer.read() if options.file == "-" else Path(options.file).read_bytes()
    name = "standard input" if options.file == "-" else options.file
    try:
        table = _core.read_file(data, form, key=key, separator=options.separator, types=types or None)
    except ConverzError as error:
        message = f"{name}: {error}"
        raise DataError(message) from error
    if key not in table.schema:
        message = f"{name} has no column {key}, which says which row of the service each row is"
        raise DataError(message)
    return Table._from_core(table)
