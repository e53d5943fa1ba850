"""A pandas frame → the core's table. Imported only where pandas is used; pyarrow is used if it is there."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pandas as pd

from converz import _core
from converz.errors import InvalidInputError
from converz.from_numpy import fixed_width

__all__ = ["from_pandas", "from_series"]

NUMPY_KINDS = {"b", "i", "u", "f"}


def from_pandas(frame: pd.DataFrame, key: str) -> _core.Table:
    """Convert the columns of `frame`, and its index if that is named.

    What pandas has as null is null: NaN (in nullable columns too), NaT, None and NA.
    """
    if any(name is not None for name in frame.index.names):
        unnamed = [name for name in frame.index.names if name is None]
        repeated = [name for name in frame.index.names if name in frame.columns]
        if unnamed or repeated:
            message = (
                f"frame has the index {list(frame.index.names)}, whose names are missing or repeat columns: "
                f"pass frame.reset_index() with one column {key!r}"
            )
            raise InvalidInputError(message)
        frame = frame.reset_index()
    names: list[Any] = list(frame.columns)
    for name in names:
        if not isinstance(name, str):
            message = f"frame has the column {name!r}: names are strings"
            raise InvalidInputError(message)
    return _core.Table.from_columns(names, [from_series(names[i], frame.iloc[:, i]) for i in range(len(names))])


def from_series(name: str, series: pd.Series[Any]) -> _core.Column:
    """Convert one column; what pandas has as null is null."""
    dtype: Any = series.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in NUMPY_KINDS and dtype.itemsize <= 8:
        values = series.to_numpy()
        return fixed_width(name, values, np.isnan(values) if dtype.kind == "f" else None)
    if _is_nullable(dtype):
        array: Any = series.array
        mask = array.isna()
        values = array.to_numpy(dtype.numpy_dtype, na_value=dtype.numpy_dtype.type(0))
        if dtype.kind == "f":
            mask = mask | np.isnan(values)
        return fixed_width(name, values, mask)
    if isinstance(dtype, np.dtype) and dtype.kind == "M":
        unit = np.datetime_data(dtype)[0]
        values = series.to_numpy()
        return fixed_width(name, values.view("int64"), np.isnat(values), f"timestamp[{unit}]")
    if isinstance(dtype, pd.DatetimeTZDtype):
        values = series.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
        unit = np.datetime_data(values.dtype)[0]
        return fixed_width(name, values.view("int64"), np.isnat(values), f"timestamp[{unit}, UTC]")
    if importlib.util.find_spec("pyarrow") is not None and not _is_object(dtype):
        import pyarrow as pa

        array = (
            pa.chunked_array([pa.Array.from_pandas(series)])
            if not _is_arrow(dtype)
            else series.array.__arrow_array__()
        )
        if pa.types.is_floating(array.type):
            import pyarrow.compute as pc

            array = pc.if_else(pc.is_nan(array), None, array)
        return _core.Column.from_arrow(name, array)
    missing = series.isna().to_numpy()
    values = series.astype(object).to_numpy()
    return _core.Column.from_list(
        name, [None if gone else value for gone, value in zip(missing, values, strict=True)]
    )


def _is_nullable(dtype: Any) -> bool:
    """Whether it is one of pandas' Int64, UInt8, Float64, boolean and so on."""
    return (
        getattr(dtype, "kind", "") in NUMPY_KINDS and hasattr(dtype, "numpy_dtype") and not _is_arrow(dtype)
    )


def _is_object(dtype: Any) -> bool:
    return isinstance(dtype, np.dtype)


def _is_arrow(dtype: Any) -> bool:
    return isinstance(dtype, pd.ArrowDtype)
