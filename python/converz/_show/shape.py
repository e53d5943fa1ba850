"""What text and HTML say of a table alike: its shape, how many rows are shown, what is a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from converz._show.shorten import longest, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable

    from converz._core import Table

__all__ = ["DIGITS", "NUMBERS", "ROWS", "asked_first", "more_columns", "plural", "rounded", "shape"]

ROWS = 10
"""Rows that are shown."""

NUMBERS = ("int", "uint", "float")
"""How the names of types begin whose values stand on the right."""


DIGITS = 6
"""Significant digits of a float that are shown, where nothing else is said."""


def rounded(cell: str, kind: str, digits: int = DIGITS) -> str:
    """Return a cell with a float rounded to so many significant digits; others as they are."""
    if not kind.startswith("float") or len(cell) <= digits:
        return cell
    try:
        value = float(cell)
    except ValueError:
        return cell
    if value and not 1e-5 <= abs(value) < 1e15:
        return f"{value:.{digits}g}"
    whole = len(str(int(abs(value))))
    text = f"{value:.{max(digits - whole, 1)}f}" if abs(value) >= 1 else f"{float(f'{value:.{digits}g}'):f}"
    text = text.rstrip("0")
    return f"{text}0" if text.endswith(".") else text


def asked_first(names: list[str], asked: Iterable[str]) -> list[int]:
    """Return the places of the columns: those that were asked for by name before the others."""
    places = {name: place for place, name in enumerate(names)}
    first = list(dict.fromkeys(places[name] for name in asked if name in places))
    chosen = set(first)
    return [*first, *(place for place in range(len(names)) if place not in chosen)]


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
