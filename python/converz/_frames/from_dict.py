"""A dict of columns → the core's table."""

from __future__ import annotations

import sys
from collections.abc import ItemsView, KeysView, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from converz import _core
from converz._frames.from_polars import readable
from converz._frames.from_pyarrow import unpacked
from converz._frames.names import check_name
from converz.errors import InvalidInputError

__all__ = ["from_dict"]


def from_dict(frame: Mapping[Any, Any]) -> _core.Table:
    """Convert each column with all that its library knows of it."""
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
        return table.to_column(name), len(values)
    if hasattr(values, "__arrow_c_stream__") or hasattr(values, "__arrow_c_array__"):
        column = _core.Column.from_arrow(name, unpacked(values))
        return column, len(column)
    elements = list(values)
    return _core.Column.from_list(name, elements), len(elements)
