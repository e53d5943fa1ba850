"""What text and HTML say of a table alike: its shape, how many rows are shown, what is a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from converz._show.shorten import longest, shorten

if TYPE_CHECKING:
    from converz._core import Table

__all__ = ["NUMBERS", "ROWS", "more_columns", "plural", "shape"]

ROWS = 10
"""Rows that are shown."""

NUMBERS = ("int", "uint", "float")
"""How the names of types begin whose values stand on the right."""


def shape(table: Table, title: str, rows: int) -> str:
    """Say how many rows and columns there are."""
    columns = len(table.schema.names)
    return f"{title}: {rows:,} {plural('row', rows)}, {columns} {plural('column', columns)}"


def plural(what: str, count: int) -> str:
    """Return a word in the number that goes with a count."""
    return what if count == 1 else f"{what}s"


def more_columns(names: list[str], types: list[str], shown: int, width: int) -> str:
    """Say which columns are not among the first, in at most `width` columns of a terminal."""
    count = len(names) - shown
    more: list[str] = []
    for name, kind in zip(names[shown:], types[shown:], strict=True):
        more.append(f"{shorten(name, width)}: {kind}")
        if sum(map(len, more)) > longest(width):
            break
    return shorten(f"and {count:,} more {plural('column', count)}: {', '.join(more)}", width)
