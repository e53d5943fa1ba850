"""Writing: a partition is an update by key."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark import TaskContext
from pyspark.sql.datasource import DataSourceArrowWriter, WriterCommitMessage

from converz._parameters import KEYS
from converz.errors import ConverzError, InvalidInputError, UpdateError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql.types import StructType

    from converz.spark.options import Connection, WriteOptions

__all__ = ["Writer"]

logger = logging.getLogger("converz")

SHOWN = 10
"""Keys that a message names."""


@dataclass
class Written(WriterCommitMessage):
    """What became of a partition."""

    partition: int
    rows: int = 0
    cells: int = 0
    requests: int = 0
    in_doubt: list[Any] = field(default_factory=list)
    """Keys of rows that may or may not have been set."""
    unsent: list[Any] = field(default_factory=list)
    """Keys of rows of which nothing was set."""
    error: str | None = None


class Writer(DataSourceArrowWriter):
    """Updates by key. A partition that is written again sets the same values again."""

    def __init__(self, connection: Connection, options: WriteOptions, schema: StructType) -> None:
        self._connection = connection
        self._options = options
        key = KEYS[options.table]
        if key not in schema.fieldNames():
            message = f"column {key!r} is missing: the rows of {options.table} are updated by it"
            raise InvalidInputError(message)

    def write(self, iterator: Iterator[pa.RecordBatch]) -> WriterCommitMessage:
        """Update with the rows of a partition, on an executor."""
        context = TaskContext.get()
        written = Written(context.partitionId() if context else 0)
        batches = list(iterator)
        if not sum(batch.num_rows for batch in batches):
            return written
        frame = pa.Table.from_batches(batches)
        options = self._options
        client = self._connection.client()
        update: Any = client.update_calls if options.table == "calls" else client.update_reps
        try:
            result = update(
                frame,
                nulls=options.nulls,
                json_columns=list(options.json_columns) or None,
                progress=False,
            )
        except UpdateError as error:
            # The other partitions go on, and all of it is told in the end: trying again is for whoever reads that.
            keys = frame[KEYS[options.table]]
            written.rows = sum(end - start for start, end in error.committed)
            written.in_doubt = _keys(keys, error.in_doubt)
            written.unsent = _keys(keys, error.unsent)
            written.error = str(error)
        else:
            written.rows, written.cells, written.requests = result.rows, result.cells, result.requests
        return written

    def commit(self, messages: list[WriterCommitMessage | None]) -> None:
        """Tell what became of all partitions, on the driver."""
        parts = [each for each in messages if isinstance(each, Written)]
        self._report(parts, complete=True)
        failed = [each for each in parts if each.error]
        if not failed:
            return
        in_doubt = [key for each in parts for key in each.in_doubt]
        unsent = [key for each in parts for key in each.unsent]
        message = (
            f"{len(failed):,} of {len(parts):,} partitions were not finished: {sum(each.rows for each in parts):,} rows are set, "
            f"{_named(in_doubt)} in doubt, {_named(unsent)} not sent. Writing the same frame again does no harm. "
            f"The first error: {failed[0].error}"
        )
        raise ConverzError(message)

    def abort(self, messages: list[WriterCommitMessage | None]) -> None:
        """Tell what is set although the write failed, on the driver."""
        parts = [each for each in messages if isinstance(each, Written)]
        self._report(parts, complete=False)
        rows = sum(each.rows for each in parts)
        logger.warning(
            "a write ended before all partitions were: %d rows of %d finished partitions are set, and others may be. Writing the "
            "same frame again does no harm",
            rows,
            len(parts),
        )

    def _report(self, parts: list[Written], *, complete: bool) -> None:
        if self._options.report is None:
            return
        told = {
            "table": self._options.table,
            "complete": complete and not any(each.error for each in parts),
            "rows": sum(each.rows for each in parts),
            "cells": sum(each.cells for each in parts),
            "requests": sum(each.requests for each in parts),
            "in_doubt": [key for each in parts for key in each.in_doubt],
            "unsent": [key for each in parts for key in each.unsent],
            "partitions": [asdict(each) for each in parts],
        }
        Path(self._options.report).write_text(
            json.dumps(told, indent=2, default=str) + "\n", encoding="utf-8"
        )


def _keys(keys: pa.ChunkedArray, ranges: list[tuple[int, int]]) -> list[Any]:
    return [key for start, end in ranges for key in keys.slice(start, end - start).to_pylist()]


def _named(keys: list[Any]) -> str:
    if not keys:
        return "none"
    named = ", ".join(map(repr, keys[:SHOWN])) + ", …" * (len(keys) > SHOWN)
    return f"{len(keys):,} ({named})"
