"""A user's frame, of whatever library → the core's table."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from converz import _core
from converz._frames.from_dict import from_dict
from converz._frames.from_polars import readable
from converz._frames.from_pyarrow import unpacked_table
from converz._frames.from_rows import from_rows
from converz.errors import InvalidInputError

__all__ = ["to_core_table"]

SHOWN = 10
"""How many of the affected keys a message shows."""


def to_core_table(frame: object, key: str) -> _core.Table:
    """Take rows from any dataframe, a dict of columns or a list of dicts.

    `key` is the column that says which rows are meant; an index of pandas may hold it.
    """
    try:
        return _convert(frame, key)
    except InvalidInputError as error:
        rows: list[int] | None = getattr(error, "_rows", None)
        if rows is None:
            raise
        message = f"{error}; affected: {_named(frame, key, rows)}"
    raise InvalidInputError(message)


def _named(frame: Any, key: str, rows: list[int]) -> str:
    """Name rows by their keys, where these can still be read."""
    more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    first = rows[:SHOWN]
    try:
        keys: Any
        if isinstance(frame, Sequence):
            keys = [frame[row][key] for row in first]
        elif hasattr(frame, "index") and key in frame.index.names:
            keys = frame.index.get_level_values(key)[first].tolist()
        else:
            column = getattr(frame[key], "array", frame[key])
            keys = [column[row] for row in first]
    except (LookupError, TypeError, ValueError):
        return f"row {', '.join(map(str, first))}{more}"
    return f"{key} {', '.join(str(value) for value in keys)}{more}"


def _convert(frame: object, key: str) -> _core.Table:
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(frame, pandas.DataFrame):
        from converz._frames.from_pandas import from_pandas

        return from_pandas(frame, key)
    polars = sys.modules.get("polars")
    # Those of pandas export themselves only where pyarrow is, and then as something else than a table.
    if (pandas is not None and isinstance(frame, (pandas.Series, pandas.Index))) or (
        polars is not None and isinstance(frame, polars.Series) and not isinstance(frame.dtype, polars.Struct)
    ):
        library = type(frame).__module__.partition(".")[0]
        message = f"frame is a {library}.{type(frame).__name__}, which is one column: pass frame.to_frame()"
        raise InvalidInputError(message)
    if isinstance(frame, Mapping):
        return from_dict(frame)
    if hasattr(frame, "__arrow_c_stream__") or hasattr(frame, "__arrow_c_array__"):
        return _arrow(frame)
    if isinstance(frame, Sequence) and not isinstance(frame, (str, bytes)):
        return from_rows(frame)
    hint = ": collect() it first" if type(frame).__name__ == "LazyFrame" else ""
    message = (
        f"frame is a {type(frame).__module__}.{type(frame).__name__}, which holds no rows that can be read{hint}. "
        "Pass a dataframe of pandas, polars, pyarrow or duckdb, anything with __arrow_c_stream__, a dict of "
        "columns or a list of dicts"
    )
    raise InvalidInputError(message)


def _arrow(frame: object) -> _core.Table:
    try:
        return _core.Table.from_arrow(readable(unpacked_table(frame)))
    except (TypeError, ValueError) as error:
        message = f"frame is a {type(frame).__module__}.{type(frame).__name__}, which is not a table of rows: {error}"
        raise InvalidInputError(message) from error
