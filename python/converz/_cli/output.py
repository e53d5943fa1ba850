"""Where a result goes: a file, standard output, or a table on the terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from converz._cli.command import UsageError
from converz._cli.destination import refuse_if_unwritable
from converz._cli.formats import format_of_name
from converz._results.file_endings import FORMATS, WRITTEN, FileFormat
from converz._results.table import Table
from converz._show.standard_error import StandardError
from converz._show.text import text_table

if TYPE_CHECKING:
    import argparse

    from converz._results.record_batch_stream import RecordBatchStream
    from converz._results.update_result import UpdateResult

__all__ = ["Output", "add_output", "say_updated"]

TEXT = ("csv", "ndjson")
"""Formats that a terminal can show."""

SHOWN = 40
"""Rows of a table on a terminal."""


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    group = parser.add_argument_group("output")
    group.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="file to write, which appears when it is complete; - is standard output. By default a table on a "
        "terminal, CSV elsewhere",
    )
    group.add_argument(
        "--format",
        choices=tuple(FORMATS),
        metavar="FORMAT",
        help=f"{', '.join(FORMATS)}; by default what the ending of FILE says, for standard output csv",
    )
    group.add_argument(
        "--escape-formulas",
        action="store_true",
        help="CSV for a spreadsheet: keep it from running text as a formula",
    )


class Output(NamedTuple):
    """Where a result goes, and as what. It is settled before anything is read."""

    path: str | None
    """None is standard output."""
    format: FileFormat | None
    """None is a table on the terminal."""
    escape_formulas: bool
    quiet: bool

    @classmethod
    def of(cls, options: argparse.Namespace) -> Output:
        """Read the options."""
        path = None if options.output == "-" else options.output
        form = FORMATS[options.format] if options.format else None
        if path is not None and form is None:
            form = format_of_name(path, WRITTEN)
        is_terminal = sys.stdout is not None and sys.stdout.isatty()
        if path is None and form is None and (options.output == "-" or not is_terminal):
            form = FORMATS["csv"]
        if path is None and is_terminal and form is not None and form.name not in TEXT:
            message = f"{form.name} is not for a terminal: write it to a file with -o FILE, or into a pipe"
            raise UsageError(message)
        if options.escape_formulas and (form is None or form.kind != "csv"):
            message = "--escape-formulas is for CSV: add --format csv, or -o FILE with the ending .csv"
            raise UsageError(message)
        if path is not None:
            refuse_if_unwritable(path)
        return cls(path, form, options.escape_formulas, options.quiet)

    def write(self, result: Table | RecordBatchStream) -> None:
        """Write a result, and say on standard error what it was. The terminal shows tables only."""
        if isinstance(result, Table) and self.format is None:
            print(text_table(result._core, rows=SHOWN))
        elif self.format is not None:
            more: dict[str, Any] = {"escape_formulas": True} if self.escape_formulas else {}
            # None where the output was closed from the beginning: nobody wants it.
            file = self.path if self.path is not None or sys.stdout is None else sys.stdout.buffer
            if file is not None:
                getattr(result, self.format.writer)(file, **self.format.options, **more)
        if not self.quiet:
            StandardError(sys.stderr).write(self._summary(result))

    def _summary(self, result: Table | RecordBatchStream) -> str:
        receipt = result.receipt
        count = result.num_rows if isinstance(result, Table) else receipt.rows if receipt is not None else 0
        rows = f"{count:,} {'row' if count == 1 else 'rows'}"
        took = ""
        if receipt is not None:
            requests = f"{receipt.requests:,} {'request' if receipt.requests == 1 else 'requests'}"
            took = f" in {requests}, {receipt.seconds:.1f} s"
        into = f" to {self.path}" if self.path is not None else ""
        hint = ""
        if self.format is None and count > SHOWN:
            hint = f"; {SHOWN} are shown, -o FILE writes them all"
        return f"{rows}{into}{took}{hint}\n"


def say_updated(result: UpdateResult) -> None:
    """Say on standard error what an update has done, and what it left out."""
    say = StandardError(sys.stderr).write
    counts = ((result.rows, "row"), (result.cells, "cell"), (result.requests, "request"))
    rows, cells, requests = (f"{count:,} {name if count == 1 else name + 's'}" for count, name in counts)
    say(f"{rows}, {cells} in {requests}, {result.seconds:.1f} s\n")
    conflicts = result.conflicts
    if conflicts is not None and conflicts.num_rows:
        say(f"left out, since they hold something else by now:\n{text_table(conflicts._core, rows=SHOWN)}\n")
