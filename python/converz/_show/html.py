"""Tables as HTML for notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from converz._show.shape import NUMBERS, ROWS, more_columns, shape
from converz._show.shorten import longest, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from converz._core import Table

__all__ = ["HTML_CLASS", "html_table"]

COLUMNS = 50
CELL_WIDTH = 60
MORE_WIDTH = 300
TITLE_WIDTH = 1_000
TITLES = 100_000
"""Bytes of titles in one table: what is shown where the mouse is may be a paragraph a cell."""
HTML_CLASS = "converz tex2jax_ignore mathjax_ignore"
"""A class to select by, and those that keep Jupyter from reading what is between two dollars as a formula."""


def html_table(table: Table, rows: int = ROWS, title: str = "Table", total: int | None = None) -> str:
    """Lay out the shape, the types and the first rows as an HTML table; `total` is as in `text_table`.

    Colours are those of the front end, be it light or dark. Where there is no style sheet for tables, or one
    that centres them or has all of a head in bold, the few inline styles set it right.
    """
    import html

    total = table.num_rows if total is None else total
    all_names, all_types = table.schema.names, table.schema.types
    names, types = all_names[:COLUMNS], all_types[:COLUMNS]
    titles = TITLES
    right = [kind.startswith(NUMBERS) for kind in types]
    # A cell is one line, since a single long text would make every row as tall as itself.
    style = [
        f"text-align: {'right' if is_number else 'left'}; white-space: nowrap; padding: 0.25em 0.6em"
        for is_number in right
    ]

    def cell_of(tag: str, cell: str | None, css: str) -> str:
        if cell is None:
            return f'<{tag} style="{css}"><i style="opacity: 0.6">null</i></{tag}>'
        nonlocal titles
        text = shorten(cell, CELL_WIDTH)
        title = ""
        if text != cell and titles > 0:
            # The whole of a long text is shown where the mouse is.
            title = f' title="{html.escape(shorten(cell, TITLE_WIDTH))}"'
            titles -= len(title.encode())
        return f'<{tag} style="{css}"{title}>{html.escape(text)}</{tag}>'

    def row(tag: str, cells: Sequence[str | None], more: str = "") -> str:
        return f"<tr>{''.join(cell_of(tag, cell, css + more) for cell, css in zip(cells, style, strict=True))}</tr>"

    head = row("th", names) + row("td", types, "; font-weight: normal; opacity: 0.6")
    first = table.cells(0, rows, len(names), longest(TITLE_WIDTH))
    body = "".join(row("td", cells) for cells in first)
    more = "<p>…</p>" if total > rows else ""
    if len(names) < len(all_names):
        more += f"<p>{html.escape(more_columns(all_names, all_types, len(names), MORE_WIDTH))}</p>"
    return (
        f'<div class="{HTML_CLASS}" style="overflow-x: auto"><p>{html.escape(shape(table, title, total))}</p>'
        f'<table style="margin: 0 0 0.5em"><thead>{head}</thead><tbody>{body}</tbody></table>{more}</div>'
    )
