"""Tables as text for terminals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from converz._show.shape import NUMBERS, ROWS, plural, shape

if TYPE_CHECKING:
    from converz._core import Table

__all__ = ["shorten", "terminal_width", "text_table", "wrap"]

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
        if _text_columns(longer) > width:
            lines.append(line)
            longer = indent + word
        line = longer
    return "\n".join(shorten(line, width) for line in [*lines, line])


def text_table(
    table: Table, rows: int = ROWS, width: int | None = None, title: str = "Table", total: int | None = None
) -> str:
    """Lay out the shape, the types and the first rows in at most `width` columns of a terminal.

    `total` is the number of rows where the table has only the first of them.
    """
    width = width or terminal_width()
    total = table.num_rows if total is None else total
    lines = [shape(table, title, total)]
    names, types = table.schema.names, table.schema.types
    if names:
        cells = [[_cell(cell) for cell in row] for row in table.cells(0, rows)]
        columns = [
            [shorten(names[i], CELL_WIDTH), shorten(types[i], CELL_WIDTH), *(row[i] for row in cells)]
            for i in range(len(names))
        ]
        shown, hidden = _fitting(columns, width)
        for line in range(len(cells) + 2):
            texts = [_aligned(column[line], _widest(column), types[i]) for i, column in shown]
            lines.append("  ".join(texts).rstrip())
        if total > rows:
            lines.append("…")
        if hidden:
            more = ", ".join(f"{names[i]}: {types[i]}" for i in hidden)
            count = len(hidden)
            lines.append(shorten(f"and {count} more {plural('column', count)}: {more}", width))
    return "\n".join(lines)


def _fitting(columns: list[list[str]], width: int) -> tuple[list[tuple[int, list[str]]], list[int]]:
    """Choose the columns from the left that fit side by side; the first is always among them."""
    shown: list[tuple[int, list[str]]] = []
    used = 0
    for i, column in enumerate(columns):
        used += _widest(column) + (2 if i else 0)
        if shown and used > width:
            return shown, list(range(i, len(columns)))
        shown.append((i, column))
    return shown, []


def _cell(cell: str | None) -> str:
    return NULL if cell is None else shorten(cell, CELL_WIDTH)


def shorten(text: str, width: int) -> str:
    """Make text one line of at most `width` terminal columns, without characters that could move the cursor."""
    kept: list[str] = []
    used = 0
    for character in text:
        shown = " " if character in "\n\r\t" else character
        if not shown.isprintable():
            shown = "\ufffd"
        if used + _columns(shown) > width:
            while kept and used > width - 1:
                used -= _columns(kept.pop())
            return "".join(kept) + "…"
        used += _columns(shown)
        kept.append(shown)
    return "".join(kept)


def _columns(character: str) -> int:
    import unicodedata

    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _text_columns(text: str) -> int:
    return sum(_columns(character) for character in text)


def _widest(column: list[str]) -> int:
    return max(_text_columns(text) for text in column)


def _aligned(text: str, width: int, kind: str) -> str:
    padding = " " * (width - _text_columns(text))
    return padding + text if kind.startswith(NUMBERS) else text + padding
