"""Tables as text for terminals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from converz._show.shape import DIGITS, NUMBERS, ROWS, more_columns, rounded, shape
from converz._show.shorten import longest, shorten, text_columns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from converz._core import Table

__all__ = ["terminal_width", "text_table", "wrap"]

CELL_WIDTH = 24

NULL = "null"


def terminal_width() -> int:
    """Return the columns of the terminal, or what one usually has."""
    import shutil

    return shutil.get_terminal_size((80, 24)).columns


def wrap(text: str, width: int, indent: str = "") -> str:
    """Break text between words into lines of at most `width` terminal columns; later ones begin with `indent`."""
    words = text.split()
    lines: list[str] = []
    line = text[: len(text) - len(text.lstrip())] + words[0]
    for word in words[1:]:
        longer = f"{line} {word}"
        if text_columns(longer) > width:
            lines.append(line)
            longer = indent + word
        line = longer
    return "\n".join(shorten(line, width) for line in [*lines, line])


def text_table(
    table: Table,
    rows: int = ROWS,
    width: int | None = None,
    title: str = "Table",
    total: int | None = None,
    digits: int = DIGITS,
) -> str:
    """Lay out the shape, the types and the first rows in at most `width` columns of a terminal.

    `total` is the number of rows where the table has only the first of them, `digits` how many of a float are significant.
    """
    width = width or terminal_width()
    total = table.num_rows if total is None else total
    lines = [shape(table, title, total)]
    names, types = table.schema.names, table.schema.types
    if names:
        # A column takes one place of the line at least, so these are more than fit.
        candidates = range(min(len(names), width))
        cells = table.cells(0, rows, len(candidates), longest(CELL_WIDTH))
        columns = (
            [
                shorten(names[i], CELL_WIDTH),
                shorten(types[i], CELL_WIDTH),
                *(_cell(row[i], types[i], digits) for row in cells),
            ]
            for i in candidates
        )
        shown = _fitting(columns, width)
        for line in range(len(cells) + 2):
            texts = [
                _aligned(column[line], widest, kind)
                for (column, widest), kind in zip(shown, types, strict=False)
            ]
            lines.append("  ".join(texts).rstrip())
        if total > rows:
            lines.append("…")
        if len(shown) < len(names):
            lines.append(more_columns(names, types, len(shown), width))
    return "\n".join(lines)


def _fitting(columns: Iterable[list[str]], width: int) -> list[tuple[list[str], int]]:
    """Choose the columns from the left that fit side by side, each with its width; the first is always among them."""
    shown: list[tuple[list[str], int]] = []
    used = 0
    for column in columns:
        widest = max(map(text_columns, column))
        used += widest + (2 if shown else 0)
        if shown and used > width:
            break
        shown.append((column, widest))
    return shown


def _cell(cell: str | None, kind: str, digits: int) -> str:
    return NULL if cell is None else shorten(rounded(cell, kind, digits), CELL_WIDTH)


def _aligned(text: str, width: int, kind: str) -> str:
    padding = " " * (width - text_columns(text))
    return padding + text if kind.startswith(NUMBERS) else text + padding
