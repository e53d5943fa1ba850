"""Tables one below the other, in types that hold the values of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from converz import _core
from converz.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["concatenated"]

INTEGERS = {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
FLOATS = {"float16", "float32", "float64"}
STRINGS = {"string", "large_string", "string_view"}


def concatenated(tables: Sequence[_core.Table]) -> _core.Table:
    """Put the rows of tables one below the other, in the types that the values of each column would have in one read."""
    kinds: dict[str, list[str]] = {}
    for number, table in enumerate(tables):
        names = table.schema.names
        if len(set(names)) < len(names):
            repeated = sorted({name for name in names if names.count(name) > 1})
            message = f"tables[{number}] has several columns of the same name: {repeated}"
            raise InvalidInputError(message)
        for name, kind in zip(names, table.schema.types, strict=True):
            kinds.setdefault(name, []).append(kind)
    types = [_type(name, found, tables) for name, found in kinds.items()]
    return _core.Table.concat(list(tables), list(kinds), types)


def _type(name: str, found: list[str], tables: Sequence[_core.Table]) -> str | None:
    """Return the type of a column, or None where it has the same one everywhere."""
    kinds = set(found) - {"null"}
    if len(kinds) < 2:
        return None
    for kind in _candidates(kinds):
        schema = _core.Schema({name: kind})
        try:
            for table in tables:
                if name in table.schema:
                    table.widen(schema)
        except InvalidInputError:
            continue
        return kind
    message = (
        f"the column {name!r} is {' and '.join(sorted(kinds))} in different tables, and no type holds the values of "
        "all: convert it in one of them"
    )
    raise InvalidInputError(message)


def _candidates(kinds: set[str]) -> list[str]:
    """Return the types that may hold the values of all, the narrowest first: see the table of types."""
    if kinds <= INTEGERS:
        return ["int64", "uint64", "string"]
    if kinds <= INTEGERS | FLOATS:
        return ["float64", "string"]
    if kinds <= {"date32", "date64"}:
        return ["date32", "string"]
    if all(kind.startswith("timestamp[") for kind in kinds):
        is_zoned = {"," in kind for kind in kinds}
        if len(is_zoned) == 1:
            return ["timestamp[us, UTC]" if True in is_zoned else "timestamp[us]", "string"]
    return ["string"]
