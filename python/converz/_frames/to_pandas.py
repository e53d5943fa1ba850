"""A table → a pandas frame in which no value has changed. Imported only where pandas is used."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from converz._frames.from_pandas import DATES
from converz._frames.libraries import pyarrow
from converz._frames.to_pyarrow import to_pyarrow
from converz.errors import InvalidInputError

if TYPE_CHECKING:
    from converz._core import Table

__all__ = ["to_pandas"]

NUMPY_TYPES = {
    "bool": "bool",
    "int8": "int8",
    "int16": "int16",
    "int32": "int32",
    "int64": "int64",
    "uint8": "uint8",
    "uint16": "uint16",
    "uint32": "uint32",
    "uint64": "uint64",
    "float32": "float32",
    "float64": "float64",
}
DAY_US = 86_400_000_000


class _Source:
    """A table, and what is made once for all of its columns."""

    def __init__(self, table: Table, *, nullable: bool) -> None:
        self.table = table
        self.nullable = nullable

    @cached_property
    def arrow(self) -> Any:
        return to_pyarrow(self.table)

    @cached_property
    def strings(self) -> Any:
        """The type of strings."""
        dtype: Any = pd.StringDtype() if self.nullable else pd.Series([""]).infer_objects().dtype
        if not isinstance(dtype, pd.StringDtype):
            # pandas 2 infers object; its own string type is the one to ask for.
            dtype = pd.StringDtype()
        if pyarrow() is None:
            return dtype
        return pd.StringDtype("pyarrow", **_na_value(dtype))


def to_pandas(table: Table, dtype_backend: Literal["pyarrow", "numpy_nullable"] | None) -> pd.DataFrame:
    """Convert as `Table.to_pandas` documents."""
    if dtype_backend == "pyarrow":
        frame: pd.DataFrame = to_pyarrow(table).to_pandas(types_mapper=pd.ArrowDtype)
        return frame
    if dtype_backend not in (None, "numpy_nullable"):
        message = f'dtype_backend={dtype_backend!r} is not None, "pyarrow" or "numpy_nullable"'
        raise InvalidInputError(message)
    source = _Source(table, nullable=dtype_backend == "numpy_nullable")
    columns = [_column(source, i, kind) for i, kind in enumerate(table.schema.types)]
    index = pd.RangeIndex(table.num_rows)
    # Names may repeat in another library's table, so the frame is not made from a dict.
    frame = pd.DataFrame(dict(enumerate(columns)), index=index, copy=False)
    frame.columns = pd.Index(table.schema.names)
    if dates := [
        name for name, kind in zip(table.schema.names, table.schema.types, strict=True) if kind == "date32"
    ]:
        # For updates to write them as dates again.
        frame.attrs[DATES] = dates
    return frame


def _column(source: _Source, i: int, kind: str) -> Any:
    table = source.table
    if kind in NUMPY_TYPES:
        values, mask = _numpy(table, i, NUMPY_TYPES[kind])
        return _numbers(values, mask, kind, source.nullable)
    if kind.startswith(("date", "timestamp[")):
        return _dates(table, i, kind)
    if kind in ("string", "large_string", "string_view"):
        return _strings(source, i)
    if kind == "null":
        return np.full(table.num_rows, None, dtype=object)
    if kind.startswith("dictionary[") and pyarrow() is None:
        return pd.Categorical(table.values(i))
    # Types that only other libraries' tables have.
    return source.arrow.column(i).to_pandas()


def _dates(table: Table, i: int, kind: str) -> Any:
    if kind == "date32":
        days, mask = _numpy(table, i, "int32")
        return _times(days.astype("int64") * DAY_US, mask, "us", None)
    if kind == "date64":
        return _times(np.array(table.values(i), dtype="datetime64[us]"), None, "us", None)
    unit, _, zone = kind[len("timestamp[") : -1].partition(", ")
    values, mask = _numpy(table, i, "int64")
    return _times(values, mask, unit, zone or None)


def _numpy(table: Table, i: int, dtype: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any] | None]:
    values, mask = table.fixed_width(i)
    return np.frombuffer(values, dtype), None if mask is None else np.frombuffer(mask, "bool")


def _numbers(values: Any, mask: Any, kind: str, nullable: bool) -> Any:
    if kind.startswith("float"):
        if nullable:
            return pd.arrays.FloatingArray(values, _or_no_mask(values, mask))
        if mask is not None:
            values[mask] = np.nan
        return values
    if mask is None and not nullable:
        return values
    array = pd.arrays.BooleanArray if kind == "bool" else pd.arrays.IntegerArray
    return array(values, _or_no_mask(values, mask))


def _or_no_mask(values: Any, mask: Any) -> Any:
    return np.zeros(len(values), "bool") if mask is None else mask


def _times(values: Any, mask: Any, unit: str, zone: str | None) -> Any:
    if mask is not None:
        values[mask] = np.iinfo("int64").min  # numpy's NaT
    times = pd.Series(values.view(f"datetime64[{unit}]"), copy=False)
    return (times if zone is None else times.dt.tz_localize("UTC").dt.tz_convert(zone)).array


def _strings(source: _Source, i: int) -> Any:
    arrow = pyarrow()
    if arrow is None:
        return pd.array(source.table.values(i), dtype=source.strings)
    return source.strings.__from_arrow__(_large_strings(source.arrow.column(i), arrow))


def _large_strings(strings: Any, arrow: Any) -> Any:
    try:
        return strings.cast(arrow.large_string())
    except NotImplementedError:
        # The views of polars, which older versions cannot cast.
        return arrow.chunked_array([arrow.array(strings.to_pylist(), arrow.large_string())])


def _na_value(dtype: Any) -> dict[str, Any]:
    """pandas 3 tells its string types apart by what stands for a null; pandas 2 has one."""
    return {"na_value": dtype.na_value} if int(pd.__version__.split(".")[0]) >= 3 else {}
