"""Tables as HTML for notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from converz._show.shape import NUMBERS, ROWS, more_columns, plural, rounded, shape
from converz._show.shorten import longest, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from converz._core import Table

__all__ = ["HTML_CLASS", "html_fields", "html_schema", "html_table"]

COLUMNS = 50
CELL_WIDTH = 60
MORE_WIDTH = 300
TITLE_WIDTH = 1_000
TITLES = 100_000
"""Bytes of titles in one table: what is shown where the mouse is may be a paragraph a cell."""
FIELDS = 200
"""Columns of a schema that are shown."""
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

    def cell_of(tag: str, cell: str | None, css: str, kind: str) -> str:
        if cell is None:
            return f'<{tag} style="{css}"><i style="opacity: 0.6">null</i></{tag}>'
        nonlocal titles
        text = shorten(rounded(cell, kind) if tag == "td" else cell, CELL_WIDTH)
        title = ""
        if text != cell and titles > 0:
            # The whole of a long text is shown where the mouse is.
            title = f' title="{html.escape(shorten(cell, TITLE_WIDTH))}"'
            titles -= len(title.encode())
        return f'<{tag} style="{css}"{title}>{html.escape(text)}</{tag}>'

    def row(tag: str, cells: Sequence[str | None], more: str = "") -> str:
        columns = zip(cells, style, types, strict=True)
        return f"<tr>{''.join(cell_of(tag, cell, css + more, kind) for cell, css, kind in columns)}</tr>"

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


def html_fields(title: str, fields: Iterable[tuple[str, str]], more: int = 0) -> str:
    """Lay out names and what belongs to them, a line each; `more` of them are not shown."""
    import html

    css = "text-align: left; padding: 0.25em 0.6em"
    rows = "".join(
        f'<tr><th style="{css}">{html.escape(shorten(name, CELL_WIDTH))}</th>'
        f'<td style="{css}">{html.escape(shorten(value, MORE_WIDTH))}</td></tr>'
        for name, value in fields
    )
    rest = f"<p>and {more:,} more</p>" if more else ""
    return (
        f'<div class="{HTML_CLASS}" style="overflow-x: auto"><p>{html.escape(title)}</p>'
        f'<table style="margin: 0 0 0.5em"><tbody>{rows}</tbody></table>{rest}</div>'
    )


def html_schema(names: Sequence[str], types: Sequence[str]) -> str:
    """Lay out the names and types of columns."""
    title = f"Schema: {len(names):,} {plural('column', len(names))}"
    fields = zip(names[:FIELDS], types[:FIELDS], strict=True)
    return html_fields(title, fields, max(len(names) - FIELDS, 0))
