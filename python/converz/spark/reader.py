"""Reading: partitions are windows, planned without a request and read on the executors."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pyspark.sql.datasource import (
    DataSourceReader,
    EqualNullSafe,
    EqualTo,
    Filter,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    InputPartition,
    LessThan,
    LessThanOrEqual,
)
from pyspark.sql.pandas.types import to_arrow_schema

from converz import _core
from converz._lazy.conditions import Conditions
from converz._results.table import Table
from converz._results.window import Window
from converz.errors import SchemaDriftError
from converz.spark.types import pins_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pyarrow as pa
    from pyspark.sql.types import StructType

    from converz.spark.options import Connection, ReadOptions

__all__ = ["reader"]

BATCH_ROWS = 10_000

OPERATORS = {
    EqualTo: "Eq",
    EqualNullSafe: "Eq",
    GreaterThan: "Gt",
    GreaterThanOrEqual: "GtEq",
    LessThan: "Lt",
    LessThanOrEqual: "LtEq",
}

PUSHING = "pyspark.sql.worker.data_source_pushdown_filters"
"""What Spark runs, instead of another module, where the session pushes filters down."""


class Windows(InputPartition):
    """Some windows of a read; none is all users."""

    def __init__(self, windows: tuple[Window, ...]) -> None:
        self.value = windows

    def __repr__(self) -> str:
        return f"Windows({self.value!r})"


class Reader(DataSourceReader):
    """Plans and reads."""

    def __init__(self, connection: Connection, options: ReadOptions, schema: StructType) -> None:
        self._connection = connection
        self._options = options
        self._schema = schema
        self._pins = pins_of(schema)
        self._query: dict[str, Any] | None = dict(options.filters)
        if options.table == "calls":
            self._query |= {"start_date": options.since, "end_date": options.until}

    def partitions(self) -> Sequence[InputPartition]:
        """Divide the days, newest first. Nothing is asked."""
        if self._query is None:
            return []
        if self._options.table == "reps":
            return [Windows(())]
        since, until = self._query["start_date"], self._query["end_date"]
        if until is not None and until < since:
            return []
        days = [Window(first, last) for first, last in _days(since, until)]
        size = self._options.days
        return [Windows(tuple(days[start : start + size])) for start in range(0, len(days), size)]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Read the windows of a partition, each in one page."""
        if partition.value is None or self._query is None:
            return
        for table in self._tables(partition.value):
            yield from self._batches(table)

    def _tables(self, windows: tuple[Window, ...]) -> Iterator[Table]:
        client, options = self._connection.client(), self._options
        query = {name: value for name, value in (self._query or {}).items() if not name.endswith("_date")}
        if options.table == "reps":
            yield client.reps(**query, schema=self._pins, progress=False)
            return
        columns = [name for name in self._pins if name not in options.metric]
        metric = list(options.metric) or None
        for _, table in client.read_windows(
            windows, **query, metric=metric, columns=columns, schema=self._pins
        ):
            yield table

    def _batches(self, table: Table) -> Iterator[pa.RecordBatch]:
        expected = to_arrow_schema(self._schema, timezone="UTC")
        arrow = Table(table._core.widen(_core.Schema(self._pins))).to_arrow().select(expected.names)
        for name, column, kind in zip(expected.names, arrow.columns, expected.types, strict=True):
            try:
                column.cast(kind)
            except ValueError as error:
                message = (
                    f"column {name!r:.80} does not fit the type that the schema gives it, {kind}: {error}"
                )
                raise SchemaDriftError(message) from None
        yield from arrow.cast(expected).to_batches(max_chunksize=BATCH_ROWS)


class PushingReader(Reader):
    """The same where the session pushes filters down, which must not have the method elsewhere."""

    def pushFilters(self, filters: list[Filter]) -> Iterable[Filter]:  # noqa: N802
        """Ask for less where the API can be asked. Spark filters all the same."""
        conditions = Conditions(self._pins, self._options.table)
        for each in filters:
            name = each.attribute[0] if len(getattr(each, "attribute", ())) == 1 else None
            if isinstance(name, str) and isinstance(each, In):
                conditions.allow(name, list(each.value))
            elif isinstance(name, str) and type(each) in OPERATORS:
                conditions.compare(name, OPERATORS[type(each)], each.value)
        if self._query is not None and not conditions.narrow(self._query):
            self._query = None
        return filters


def reader(connection: Connection, options: ReadOptions, schema: StructType) -> Reader:
    """Return a reader: Spark refuses one that could push filters where the session does not."""
    running = getattr(sys.modules["__main__"], "__spec__", None)
    pushes = PUSHING in sys.modules or (running is not None and running.name == PUSHING)
    return (PushingReader if pushes else Reader)(connection, options, schema)


def _days(since: Any, until: Any) -> list[tuple[Any, Any]]:
    from datetime import date

    days = _core.Client.windows({"since": since, "until": until})
    return [(date.fromisoformat(start), date.fromisoformat(end)) for start, end in days]
