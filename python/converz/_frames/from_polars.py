"""What polars' frames need before their Arrow data can be read."""

from __future__ import annotations

import sys
from typing import Any

from converz._frames.names import check_nul

__all__ = ["readable"]


def readable(data: Any) -> Any:
    """Give polars' columns of type Null a type: polars exports them with a buffer, which Arrow forbids.

    Whatever is not polars' stays as it is.
    """
    polars = sys.modules.get("polars")
    if polars is not None and isinstance(data, polars.DataFrame):
        # polars would end the process.
        for name, dtype in data.schema.items():
            _check_names(polars, name, dtype)
        typed = {name: _typed(polars, dtype) for name, dtype in data.schema.items()}
        changed = {name: dtype for name, dtype in typed.items() if dtype != data.schema[name]}
        return data.cast(changed) if changed else data
    return data


def _check_names(polars: Any, name: str, dtype: Any) -> None:
    """Refuse names that Arrow's C interface cannot hand over, within lists and structs too."""
    check_nul(name)
    if isinstance(dtype, (polars.List, polars.Array)):
        _check_names(polars, "", dtype.inner)
    elif isinstance(dtype, polars.Struct):
        for field in dtype.fields:
            _check_names(polars, field.name, field.dtype)


def _typed(polars: Any, dtype: Any) -> Any:
    """Put strings where a type says that there are only nulls, within lists and structs too."""
    if dtype == polars.Null:
        return polars.String
    if isinstance(dtype, polars.List):
        return polars.List(_typed(polars, dtype.inner))
    if isinstance(dtype, polars.Array):
        return polars.Array(_typed(polars, dtype.inner), dtype.size)
    if isinstance(dtype, polars.Struct):
        return polars.Struct({field.name: _typed(polars, field.dtype) for field in dtype.fields})
    return dtype
