"""What polars' frames need before their Arrow data can be read."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["readable"]


def readable(data: Any) -> Any:
    """Give polars' columns of type Null a type: polars exports them with a buffer, which Arrow forbids.

    Whatever is not polars' stays as it is.
    """
    polars = sys.modules.get("polars")
    if polars is not None and isinstance(data, polars.DataFrame):
        nulls = [name for name, dtype in data.schema.items() if dtype == polars.Null]
        return data.with_columns(polars.col(nulls).cast(polars.String)) if nulls else data
    return data
