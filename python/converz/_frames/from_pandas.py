"""A pandas frame → the core's table. Imported only where pandas is used; pyarrow is used if it is there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from converz import _core
from converz._frames.from_numpy import NUMBERS, fixed_width, has_fixed_width
from converz._frames.from_pyarrow import unpacked
from converz._frames.libraries import pyarrow
from converz._frames.names import check_name
from converz.errors import InvalidInputError

__all__ = ["DATES", "from_pandas", "from_series"]

DATES = "converz_dates"
"""Where the ``attrs`` of a frame have the names of columns that were dates."""


def from_pandas(frame: pd.DataFrame, key: str) -> _core.Table:
    """Convert the columns of `frame`, and its index if that is named.

    What pandas has as null is null: NaN (in nullable columns too, and as a decimal), NaT, None and NA. pandas has no
    type for dates: columns that were dates in the table that the frame was made of stay such, as long as no value has
    a time of day.
    """
    dates = frame.attrs.get(DATES, ())
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
    columns = [from_series(name, frame.iloc[:, i]) for i, name in enumerate(names)]
    return _core.Table.from_columns(
        names,
        [column.as_dates() if name in dates else column for name, column in zip(names, columns, strict=True)],
    )


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
    if isinstance(dtype, pd.CategoricalDtype):
        return _from_categories(name, series)
    arrow = None if isinstance(dtype, np.dtype) else pyarrow()
    return _from_objects(name, series) if arrow is None else _through_pyarrow(name, series, arrow)


def _from_objects(name: str, series: pd.Series[Any]) -> _core.Column:
    values = series.astype(object).to_numpy()
    try:
        missing = series.isna().to_numpy()
    except ArithmeticError:
        # A signalling NaN among decimals, which is refused with its row below.
        missing = np.array([value is None for value in values])
    return _core.Column.from_list(
        name, [None if gone else value for gone, value in zip(missing, values, strict=True)]
    )


def _from_categories(name: str, series: pd.Series[Any]) -> _core.Column:
    """Convert the categories as a column of their own, so that they are what such values are elsewhere."""
    try:
        categories = from_series(name, pd.Series(series.cat.categories))
    except InvalidInputError:
        # To be told by row; and nothing is wrong if no row has such a value.
        return _from_objects(name, series)
    codes = series.cat.codes.to_numpy().astype("int32")
    return _core.Column.from_codes(name, codes.tobytes(), categories)


def _through_pyarrow(name: str, series: pd.Series[Any], arrow: Any) -> _core.Column:
    """Convert strings, categories and whatever other types pandas has from others."""
    try:
        array: Any = series.array
        if isinstance(series.dtype, pd.ArrowDtype):
            array = array.__arrow_array__()
        else:
            array = arrow.Array.from_pandas(series)
        array = unpacked(array)
    except (arrow.ArrowException, TypeError, ValueError) as error:
        message = f"frame[{name!r}] has the type {series.dtype}, which cannot be converted: {error}"
        raise InvalidInputError(message) from error
    if arrow.types.is_floating(array.type):
        import pyarrow.compute as pc

        array = pc.if_else(pc.is_nan(array), None, array)
    return _core.Column.from_arrow(name, array)


def _is_nullable(dtype: Any) -> bool:
    """Whether it is one of pandas' Int64, UInt8, Float64, boolean and so on."""
    return (
        getattr(dtype, "kind", "") in NUMBERS
        and hasattr(dtype, "numpy_dtype")
        and not isinstance(dtype, pd.ArrowDtype)
    )
