"""The core's table → a polars frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from converz._frames.libraries import required

if TYPE_CHECKING:
    import polars as pl

    from converz import _core

__all__ = ["to_polars"]


def to_polars(table: _core.Table) -> pl.DataFrame:
    """Convert as `Table.to_polars` documents."""
    # polars would make these views itself, on one thread.
    frame: pl.DataFrame = required("polars", "to_polars").DataFrame(table.with_string_views())
    return frame
