"""The JSON of polars' expressions, which polars marks as unstable: what is read out of it, and nothing else knows."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Any, NamedTuple

__all__ = ["EQUAL", "MIRRORED", "Literal", "literal_of", "moment_of"]

EQUAL = ("Eq", "EqValidity")
MIRRORED = {"Eq": "Eq", "EqValidity": "EqValidity", "Lt": "Gt", "LtEq": "GtEq", "Gt": "Lt", "GtEq": "LtEq"}
UNITS = {"Milliseconds": 1_000, "Microseconds": 1_000_000, "Nanoseconds": 1_000_000_000}


class Literal(NamedTuple):
    """A value in a predicate: text, a day, or several values."""

    value: str | date | list[Any]


def moment_of(node: Any) -> str | None:
    """Return the column whose moments the expression keeps, or their days."""
    match node:
        case {"Column": str(name)}:
            return name
        case {"Function": {"input": [{"Column": str(name)}], "function": {"TemporalExpr": "Date"}}}:
            return name
        case {
            "Cast": {"expr": {"Column": str(name)}, "dtype": {"Literal": "Date" | {"Datetime": [_, None]}}}
        }:
            return name
        case {"Cast": {"expr": {"Column": str(name)}, "dtype": "Date" | {"Datetime": [_, None]}}}:
            return name
    return None


def literal_of(node: Any) -> Literal | None:
    """Return the value that a node stands for, or None if it is none that can be asked for."""
    match node:
        case {"Literal": {"Scalar": {"value": value}}} | {"Literal": {"Scalar": value}} | {"Literal": value}:
            pass
        case _:
            return None
    match value:
        case {"String": str(text)} | {"StringOwned": str(text)}:
            return Literal(text)
        case {"Date": int(days)}:
            return Literal(date(1970, 1, 1) + timedelta(days=days))
        case (
            {"Datetime": [int(count), str(unit), *_]}
            | {"DatetimeOwned": [int(count), str(unit), *_]}
            | {"DateTime": [int(count), str(unit), *_]}
        ):
            return Literal(date(1970, 1, 1) + timedelta(days=count // (UNITS[unit] * 86_400)))
        case {"List": list(ipc)} | {"Series": list(ipc)}:
            import polars as pl

            return Literal(pl.read_ipc_stream(io.BytesIO(bytes(ipc))).to_series().to_list())
    return None
