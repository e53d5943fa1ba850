"""Spark: ``spark.dataSource.register(ConverzDataSource)``, then ``spark.read.format("converz")``. Needs the extra ``spark``.

Nothing of Spark is imported before the class is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from converz.spark.data_source import ConverzDataSource

__all__ = ["ConverzDataSource"]


def __getattr__(name: str) -> Any:
    """Import what is asked for."""
    if name != "ConverzDataSource":
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from converz._frames.libraries import required

    required("pyspark", "ConverzDataSource", extra="spark")
    from converz.spark.data_source import ConverzDataSource

    return ConverzDataSource


def __dir__() -> list[str]:
    """Offer the public name only."""
    return __all__
