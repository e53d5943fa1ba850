"""The types of stored columns, and how they widen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from converz.errors import TargetError

if TYPE_CHECKING:
    from converz._core import Schema

__all__ = ["ARROW", "common", "stored_types"]

ARROW = {
    "bool": "bool",
    "int64": "int64",
    "uint64": "uint64",
    "float64": "float64",
    "string": "string",
    "json": "string",
    "date32": "date32",
    "timestamp[us]": "timestamp[us]",
    "timestamp[us, UTC]": "timestamp[us, UTC]",
}
"""The types of stored columns, each with that of the Arrow column that holds its values. `json` is JSON text."""

NUMBERS = {"int64", "uint64", "float64"}


def stored_types(schema: Schema) -> dict[str, str]:
    """Return the types in which the columns are stored. A column of nulls has none, and comes with its first value."""
    json = set(schema.json_columns)
    types = {}
    for name, kind in dict(schema).items():
        if kind != "null":
            types[name] = "json" if name in json else _stored_type(name, kind)
    return types


def _stored_type(name: str, kind: str) -> str:
    if kind in ARROW:
        return kind
    if kind in {"int8", "int16", "int32", "uint8", "uint16", "uint32"}:
        return "int64"
    if kind in {"float16", "float32"}:
        return "float64"
    if kind in {"large_string", "string_view"} or (kind.startswith("dictionary[") and "string" in kind):
        return "string"
    if kind == "date64":
        return "date32"
    if kind.startswith("timestamp["):
        return "timestamp[us, UTC]" if "," in kind else "timestamp[us]"
    message = f"column {name!r} of {kind} has no type to be stored in: pin another one with schema="
    raise TargetError(message)


def common(one: str, other: str) -> str:
    """Return the type that holds the values of both, if they fit: see the table of types."""
    if one == other:
        return one
    if {one, other} <= NUMBERS:
        return "float64" if "float64" in {one, other} else "uint64"
    return "string"
