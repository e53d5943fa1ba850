"""A numpy array → a column of the core's table. Imported only where numpy is used."""

from __future__ import annotations

from typing import Any

import numpy as np

from converz import _core
from converz.errors import InvalidInputError

__all__ = ["NUMBERS", "fixed_width", "from_numpy", "has_fixed_width"]

NUMBERS = {"b", "i", "u", "f"}
TIME_UNITS = ("s", "ms", "us", "ns")


def from_numpy(name: str, values: np.ndarray[Any, Any]) -> _core.Column:
    """Convert an array of one dimension. NaT is null, and what a masked array masks."""
    if values.ndim != 1:
        message = f"frame[{name!r}] has {values.ndim} dimensions: a column has one"
        raise InvalidInputError(message)
    mask = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
    values = np.ma.getdata(values)
    if has_fixed_width(values.dtype):
        return fixed_width(name, values, mask)
    elements = values.tolist()
    if mask is not None:
        elements = [None if gone else value for gone, value in zip(mask, elements, strict=True)]
    return _core.Column.from_list(name, elements)


def has_fixed_width(dtype: np.dtype[Any]) -> bool:
    """Whether numbers, truth values or times lie in the array as Arrow has them."""
    return (dtype.kind in NUMBERS and dtype.itemsize <= 8) or dtype.kind == "M"


def fixed_width(name: str, values: Any, mask: Any, *, zone: str | None = None) -> _core.Column:
    """Hand over an array as it lies in memory, with a mask that is true for null."""
    kind = values.dtype.name
    if values.dtype.kind == "M":
        mask = np.isnat(values) | (False if mask is None else mask)
        values, kind = _times(name, values)
        kind = kind if zone is None else f"{kind[:-1]}, {zone}]"
    values = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))
    nulls = None if mask is None or not mask.any() else mask.astype("uint8").tobytes()
    return _core.Column.from_fixed_width(name, kind, values.tobytes(), nulls)


def _times(name: str, values: Any) -> tuple[Any, str]:
    unit, count = np.datetime_data(values.dtype)
    if unit in TIME_UNITS and count == 1:
        return values.view(values.dtype.str.replace("M8", "i8").partition("[")[0]), f"timestamp[{unit}]"
    if unit in ("Y", "M", "W", "D") and count == 1:
        return values.astype("datetime64[D]").astype("int64").astype("int32"), "date32"
    if unit in ("h", "m") and count == 1:
        return values.astype("datetime64[s]").astype("int64"), "timestamp[s]"
    message = f"frame[{name!r}] has the type {values.dtype}: convert it to datetime64[ns] or coarser"
    raise InvalidInputError(message)
