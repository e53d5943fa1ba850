"""A numpy array → a column of the core. Imported only where numpy is used."""

from __future__ import annotations

from typing import Any

import numpy as np

from converz import _core
from converz.errors import InvalidInputError

__all__ = ["fixed_width", "from_numpy"]

UNITS = {"s", "ms", "us", "ns"}
COARSE_UNITS = {"h", "m"}


def from_numpy(name: str, values: np.ndarray[Any, Any]) -> _core.Column:
    """Convert an array of one dimension."""
    if values.ndim != 1:
        message = f"frame[{name!r}] has {values.ndim} dimensions: a column has one"
        raise InvalidInputError(message)
    if values.dtype.kind == "M" and np.datetime_data(values.dtype) != ("D", 1):
        # As Python's own values, times of nanoseconds would be integers.
        unit, count = np.datetime_data(values.dtype)
        if unit in COARSE_UNITS:
            unit, count, values = "s", 1, values.astype("datetime64[s]")
        if unit not in UNITS or count != 1:
            message = f"frame[{name!r}] is of {values.dtype}, which is no time: use days, or seconds and finer"
            raise InvalidInputError(message)
        return fixed_width(name, values.view("int64"), np.isnat(values), f"timestamp[{unit}]")
    if values.dtype.kind == "m":
        message = f"frame[{name!r}] is of {values.dtype}: spans of time cannot be sent, make them numbers"
        raise InvalidInputError(message)
    return _core.Column.from_list(name, values.tolist())


def fixed_width(name: str, values: Any, mask: Any, kind: str | None = None) -> _core.Column:
    """Hand over a numpy array as it lies in memory, with a byte a row that is 1 for null."""
    values = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))
    nulls = None if mask is None or not mask.any() else mask.astype("uint8").tobytes()
    return _core.Column.from_fixed_width(name, kind or values.dtype.name, values.tobytes(), nulls)
