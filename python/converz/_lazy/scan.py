"""`Client.scan_calls` and `Client.scan_reps`: results as polars' lazy frames.

polars marks the interface of IO plugins and the JSON of its expressions as unstable. Nothing outside of this package
knows them, and whatever is not recognised here is left to polars, which filters what arrives.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from converz._lazy.plugins import plugins
from converz._lazy.source import Source

if TYPE_CHECKING:
    import polars as pl

    from converz import _core
    from converz._runtime.steps import Steps

__all__ = ["scan"]


def scan(
    client: _core.Client, operation: str, query: dict[str, Any], schema: object | None, parse_dates: bool
) -> Steps[pl.LazyFrame]:
    """Make a lazy frame of an operation, whose schema is settled at once."""
    register = plugins(f"scan_{operation}").register_io_source
    # What can be iterated once is asked for more than once here.
    query = {name: list(value) if isinstance(value, Iterator) else value for name, value in query.items()}
    source = Source(client, operation, query)
    yield from source.settle(schema, parse_dates)
    options = {
        # Two uses in one query are one read, and see the same rows.
        "is_pure": True,
        "explain_name": "converz",
        "explain_detail": source.explained(),
    }
    understood = inspect.signature(register).parameters
    frame: pl.LazyFrame = register(
        source.read,
        schema=source.schema,
        **{name: value for name, value in options.items() if name in understood},
    )
    return frame
