"""Tables as text for terminals and as HTML for notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from converz._results.table import Table

__all__ = ["HTML_CLASS", "ROWS", "html_table", "shorten", "terminal_width", "text_table", "wrap"]

ROWS = 10
CELL_WIDTH = 24
HTML_CELL_WIDTH = 60
HTML_TITLE_WIDTH = 1_000
HTML_CLASS = "converz tex2jax_ignore mathjax_ignore"
"""A class to select by, and those that keep Jupyter from reading what is between two dollars as a formula."""

NULL = "null"
NUMBERS = ("int", "uint", "float")


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
    lines = [_shape(table, title, total)]
    names, types = table.column_names, table.schema.types
    if names:
        cells = [[_cell(cell) for cell in row] for row in table._core.cells(0, rows)]
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
            lines.append(shorten(f"and {count} more {_plural('column', count)}: {more}", width))
    return "\n".join(lines)


def html_table(table: Table, rows: int = ROWS, title: str = "Table", total: int | None = None) -> str:
    """Lay out the shape, the types and the first rows as an HTML table; `total` is as in `text_table`.

    Colours are those of the front end, be it light or dark. Where there is no style sheet for tables, or one
    that centres them or has all of a head in bold, the few inline styles set it right.
    """
    import html

    total = table.num_rows if total is None else total
    names, types = table.column_names, table.schema.types
    right = [kind.startswith(NUMBERS) for kind in types]
    # A cell is one line, since a single long text would make every row as tall as itself.
    style = [
        f"text-align: {'right' if is_number else 'left'}; white-space: nowrap; padding: 0.25em 0.6em"
        for is_number in right
    ]

    def cell_of(tag: str, cell: str | None, css: str) -> str:
        if cell is None:
            return f'<{tag} style="{css}"><i style="opacity: 0.6">null</i></{tag}>'
        text = shorten(cell, HTML_CELL_WIDTH)
        # The whole of a long text is shown where the mouse is.
        title = "" if text == cell else f' title="{html.escape(shorten(cell, HTML_TITLE_WIDTH))}"'
        return f'<{tag} style="{css}"{title}>{html.escape(text)}</{tag}>'

    def row(tag: str, cells: Sequence[str | None], more: str = "") -> str:
        return f"<tr>{''.join(cell_of(tag, cell, css + more) for cell, css in zip(cells, style, strict=True))}</tr>"

    head = row("th", names) + row("td", types, "; font-weight: normal; opacity: 0.6")
    body = "".join(row("td", cells) for cells in table._core.cells(0, rows))
    more = "<p>…</p>" if total > rows else ""
    return (
        f'<div class="{HTML_CLASS}" style="overflow-x: auto"><p>{html.escape(_shape(table, title, total))}</p>'
        f'<table style="margin: 0 0 0.5em"><thead>{head}</thead><tbody>{body}</tbody></table>{more}</div>'
    )


def _shape(table: Table, title: str, rows: int) -> str:
    columns = len(table.column_names)
    return f"{title}: {rows:,} {_plural('row', rows)}, {columns} {_plural('column', columns)}"


def _plural(what: str, count: int) -> str:
    return what if count == 1 else f"{what}s"


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
