"""What text and HTML say of a table alike: its shape, how many rows are shown, what is a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from converz._core import Table

__all__ = ["NUMBERS", "ROWS", "plural", "shape"]

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
