"""A user's frame, of whatever library → the core's table."""

from __future__ import annotations

import sys
from collections.abc import ItemsView, KeysView, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from converz import _core
from converz._frames.from_polars import readable
from converz._frames.from_pyarrow import unpacked, unpacked_table
from converz._results.table import Table
from converz.errors import InvalidInputError

__all__ = ["check_name", "to_core_table"]


SHOWN = 10
"""So many offending keys are shown."""


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
        message = f"{error}; those to blame are {_named(frame, key, rows)}"
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


def check_name(name: object) -> None:
    """Refuse a column's name that JSON cannot hold."""
    if not isinstance(name, str):
        message = f"frame has the column {name!r}: names are strings"
        raise InvalidInputError(message)
    if any("\ud800" <= character <= "\udfff" for character in name):
        message = f"frame has the column {name!r}: a lone surrogate cannot be sent"
        raise InvalidInputError(message)


def _convert(frame: object, key: str) -> _core.Table:
    if isinstance(frame, Table):
        return frame._core
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
        return _columns(frame)
    if hasattr(frame, "__arrow_c_stream__") or hasattr(frame, "__arrow_c_array__"):
        return _arrow(frame)
    if isinstance(frame, Sequence) and not isinstance(frame, (str, bytes)):
        return _rows(frame)
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


def _columns(frame: Mapping[Any, Any]) -> _core.Table:
    columns: dict[str, _core.Column] = {}
    lengths: dict[str, int] = {}
    for name, values in frame.items():
        check_name(name)
        _check_order(name, values)
        columns[name], lengths[name] = _column(name, values)
    if len(set(lengths.values())) > 1:
        message = f"frame has columns of different lengths: {lengths}"
        raise InvalidInputError(message)
    _check_indexes(frame)
    return _core.Table.from_columns(list(columns), list(columns.values()))


def _check_order(name: str, values: Any) -> None:
    """Refuse what is no column of values, one a row, in an order that is theirs."""
    kind = type(values)
    # Asked of the class, since a series of pandas has its labels as attributes.
    if any(hasattr(kind, attribute) for attribute in ("columns", "column_names", "__dataframe__")):
        message = f"frame[{name!r}] is a {kind.__name__} and not a column: pass one of its columns"
        raise InvalidInputError(message)
    if isinstance(values, (str, bytes, bytearray, Mapping)) or not hasattr(values, "__iter__"):
        message = f"frame[{name!r}]={values!r:.80} is not a column: pass a sequence of values"
        raise InvalidInputError(message)
    if isinstance(values, AbstractSet) and not isinstance(values, (KeysView, ItemsView, Sequence)):
        message = (
            f"frame[{name!r}] is a {kind.__name__}, whose order is arbitrary, so that its values would go to the wrong "
            "rows: pass a list"
        )
        raise InvalidInputError(message)
    if hasattr(kind, "readline"):
        message = f"frame[{name!r}] is a file ({kind.__name__}), whose lines end with line feeds: pass a list of values"
        raise InvalidInputError(message)


def _check_indexes(frame: Mapping[Any, Any]) -> None:
    """Refuse series of pandas with different indexes, whose order does not say which values belong together."""
    pandas = sys.modules.get("pandas")
    if pandas is None:
        return
    indexes = {name: values.index for name, values in frame.items() if isinstance(values, pandas.Series)}
    first = next(iter(indexes), None)
    for name, index in indexes.items():
        if not index.equals(indexes[first]):
            message = (
                f"frame[{name!r}] has another index than frame[{first!r}]: pass pandas.DataFrame(frame), which puts "
                "values together by index, or the values alone (.array) to put them together by order"
            )
            raise InvalidInputError(message)


def _column(name: str, values: Any) -> tuple[_core.Column, int]:
    """Convert a column with all that its library knows of it, and count its rows."""
    pandas, numpy = sys.modules.get("pandas"), sys.modules.get("numpy")
    if pandas is not None and isinstance(
        values, (pandas.Series, pandas.Index, pandas.api.extensions.ExtensionArray)
    ):
        from converz._frames.from_pandas import from_series

        return from_series(name, pandas.Series(values)), len(values)
    if numpy is not None and isinstance(values, numpy.ndarray):
        from converz._frames.from_numpy import from_numpy

        return from_numpy(name, values), len(values)
    polars = sys.modules.get("polars")
    if polars is not None and isinstance(values, polars.Series):
        # Versions before 1.30 export a series of dates or categories as plain integers, a frame rightly.
        table = _core.Table.from_arrow(readable(values.to_frame("column")))
        return _core.Column.from_table(name, table), len(values)
    if hasattr(values, "__arrow_c_stream__") or hasattr(values, "__arrow_c_array__"):
        column = _core.Column.from_arrow(name, unpacked(values))
        return column, len(column)
    elements = list(values)
    return _core.Column.from_list(name, elements), len(elements)


def _rows(frame: Sequence[Any]) -> _core.Table:
    if not frame:
        message = "frame=[] has no rows: there is nothing to update"
        raise InvalidInputError(message)
    names = list(frame[0]) if isinstance(frame[0], Mapping) else []
    wrong = []
    for position, row in enumerate(frame):
        if not isinstance(row, Mapping):
            message = f"frame[{position}]={row!r:.80} is not a dict: pass a list of dicts with the same keys"
            raise InvalidInputError(message)
        if row.keys() != set(names):
            wrong.append(position)
    if wrong:
        message = (
            f"frame has rows with other keys than its first one ({names}), the first of them is row {wrong[0]} "
            "(counted from 0). What a row leaves out could be meant to stay or to become null: give every row the same "
            "keys, with None where it has no value"
        )
        error = InvalidInputError(message)
        error._rows = wrong  # type: ignore[attr-defined]
        raise error
    for name in names:
        check_name(name)
    columns = [_core.Column.from_list(name, [row[name] for row in frame]) for name in names]
    return _core.Table.from_columns(names, columns)
