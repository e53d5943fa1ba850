"""The core's table → pyarrow's, which shares its memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from converz._frames.libraries import required

if TYPE_CHECKING:
    import pyarrow as pa

    from converz import _core

__all__ = ["to_pyarrow"]


def to_pyarrow(table: _core.Table) -> pa.Table:
    """Convert as `Table.to_arrow` documents."""
    # pyarrow.table() would import pandas first, which takes a third of a second.
    result: pa.Table = required("pyarrow", "to_arrow").RecordBatchReader.from_stream(table).read_all()
    return result
