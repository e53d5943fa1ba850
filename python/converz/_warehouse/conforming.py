"""Rows in the types of the columns that they go into, and the columns in types that hold the rows."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

from converz import _core
from converz._results.table import Table
from converz._warehouse.types import ARROW, common, stored_types
from converz.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from converz._warehouse.entry import Day

__all__ = ["Conformed", "conform", "widened"]


class Conformed(NamedTuple):
    """Rows that fit the columns, once those are as they are to be."""

    schema: dict[str, str]
    """The columns as they are to be: those that are stored, and new ones behind them."""
    days: dict[Day, Table]
    """The rows, each table in exactly these columns."""

    def changes(self, stored: Mapping[str, str]) -> dict[str, str]:
        """Columns that are stored in another type than they are to be."""
        return {name: kind for name, kind in self.schema.items() if stored.get(name, kind) != kind}

    def new(self, stored: Mapping[str, str]) -> dict[str, str]:
        """Columns that are not stored."""
        return {name: kind for name, kind in self.schema.items() if name not in stored}


def conform(
    stored: Mapping[str, str], days: Mapping[Day, Table], fits: Callable[[str, str], bool]
) -> Conformed:
    """Find the types that hold both what is stored and what came, and put what came into them.

    Types widen, never narrow. No writer is trusted with it: some make 4 of 4.5 without a word.

    Args:
        stored: The columns as they are.
        days: The rows that came.
        fits: Whether all stored values of a column (a name) are as well ones of another type of numbers.

    """
    kinds = {name: [kind] for name, kind in stored.items()}
    for table in days.values():
        # One without rows has columns that nobody has seen.
        for name, kind in stored_types(table.schema).items() if table.num_rows else ():
            kinds.setdefault(name, []).append(kind)
    schema = {}
    for name, found in kinds.items():
        kind = reduce(common, found)
        if len(set(found)) > 1 and kind != "string":
            old = stored.get(name, kind)
            if not (old == kind or fits(name, kind)) or not _all_fit(name, kind, days):
                kind = "string"
        elif not _all_fit(name, kind, days):
            # A pinned type that is finer than any that is stored.
            kind = "string"
        schema[name] = kind
    return Conformed(schema, {day: widened(table, schema) for day, table in days.items()})


def _all_fit(name: str, kind: str, days: Mapping[Day, Table]) -> bool:
    try:
        for table in days.values():
            if name in table.schema and table.schema[name] not in {ARROW[kind], "null"}:
                widened(table, {name: kind})
    except InvalidInputError:
        return False
    return True


def widened(table: Table, schema: Mapping[str, str]) -> Table:
    """Return the columns of a schema, with nulls for those that are not there."""
    return Table(table._core.widen(_core.Schema({name: ARROW[kind] for name, kind in schema.items()})))
