"""A pandas frame → the core's table. Imported only where pandas is used; pyarrow is used if it is there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from converz import _core
from converz.errors import InvalidInputError
from converz.frames import check_name
from converz.from_numpy import NUMBERS, fixed_width, has_fixed_width

__all__ = ["DATES", "from_pandas", "from_series"]

DATES = "converz_dates"
"""Where the ``attrs`` of a frame have the names of columns that were dates."""


def from_pandas(frame: pd.DataFrame, key: str) -> _core.Table:
    """Convert the columns of `frame`, and its index if that is named.

    What pandas has as null is null: NaN (in nullable columns too), NaT, None and NA. pandas has no type for dates:
    columns that were dates in the table that the frame was made of stay such, and so does the API's own ``date``, as
    long as no value has a time of day.
    """
    dates = {"date", *frame.attrs.get(DATES, ())}
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
        check_name(name)
    columns = ((name, frame.iloc[:, i]) for i, name in enumerate(names))
    return _core.Table.from_columns(
        names,
        [
            (name in dates and _from_dates(name, series)) or from_series(name, series)
            for name, series in columns
        ],
    )


def _from_dates(name: str, series: pd.Series[Any]) -> _core.Column | None:
    """Convert moments that are all midnights to dates; others are left alone."""
    if not isinstance(series.dtype, np.dtype) or series.dtype.kind != "M":
        return None
    moments = series.to_numpy()
    days = moments.astype("datetime64[D]")
    return fixed_width(name, days, None) if ((days == moments) | np.isnat(moments)).all() else None


def from_series(name: str, series: pd.Series[Any]) -> _core.Column:
    """Convert one column. What pandas has as null is null."""
    dtype: Any = series.dtype
    if isinstance(dtype, pd.SparseDtype):
        return from_series(name, pd.Series(np.asarray(series)))
    if isinstance(dtype, np.dtype) and has_fixed_width(dtype):
        values = series.to_numpy()
        return fixed_width(name, values, np.isnan(values) if dtype.kind == "f" else None)
    if _is_nullable(dtype):
        array: Any = series.array
        mask = array.isna()
        values = array.to_numpy(dtype.numpy_dtype, na_value=dtype.numpy_dtype.type(0))
        if dtype.kind == "f":
            mask = mask | np.isnan(values)
        return fixed_width(name, values, mask)
    if isinstance(dtype, pd.DatetimeTZDtype):
        return fixed_width(
            name, series.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(), None, zone="UTC"
        )
    if not isinstance(dtype, np.dtype) and (pyarrow := _pyarrow()) is not None:
        return _through_pyarrow(name, series, pyarrow)
    missing = series.isna().to_numpy()
    values = series.astype(object).to_numpy()
    return _core.Column.from_list(
        name, [None if gone else value for gone, value in zip(missing, values, strict=True)]
    )


def _through_pyarrow(name: str, series: pd.Series[Any], pyarrow: Any) -> _core.Column:
    """Convert strings, categories and whatever other types pandas has from others."""
    try:
        array: Any = series.array
        if isinstance(series.dtype, pd.ArrowDtype):
            array = array.__arrow_array__()
        else:
            array = pyarrow.Array.from_pandas(series)
    except (pyarrow.ArrowException, TypeError, ValueError) as error:
        message = f"frame[{name!r}] has the type {series.dtype}, which cannot be converted: {error}"
        raise InvalidInputError(message) from error
    if pyarrow.types.is_floating(array.type):
        import pyarrow.compute as pc

        array = pc.if_else(pc.is_nan(array), None, array)
    return _core.Column.from_arrow(name, array)


def _pyarrow() -> Any | None:
    try:
        import pyarrow as pa
    except ImportError:
        return None
    return pa


def _is_nullable(dtype: Any) -> bool:
    """Whether it is one of pandas' Int64, UInt8, Float64, boolean and so on."""
    return (
        getattr(dtype, "kind", "") in NUMBERS
        and hasattr(dtype, "numpy_dtype")
        and not isinstance(dtype, pd.ArrowDtype)
    )
