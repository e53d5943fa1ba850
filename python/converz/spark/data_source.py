"""`ConverzDataSource`: what Spark registers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pyspark.sql.datasource import DataSource, DataSourceReader, DataSourceWriter

from converz._warehouse.due import last_day
from converz._warehouse.run import now
from converz.errors import InvalidInputError
from converz.spark.options import Connection, ReadOptions, WriteOptions
from converz.spark.reader import reader
from converz.spark.types import schema_of
from converz.spark.writer import Writer

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

__all__ = ["ConverzDataSource"]

DESCRIBED_DAYS = 30
"""Days that are read for the types of columns, where nobody says them."""


class ConverzDataSource(DataSource):
    """A data source of Spark for conversations and users, to read and to update.

    ``spark.dataSource.register(ConverzDataSource)`` makes it known to a session as the format ``converz``. The package has
    to be installed on the executors, too.

    Reading takes the options ``table`` (``calls``, the default, or ``reps``), ``since`` and ``until`` (dates; by default the
    last one that has begun), ``metric`` and the API's filters (several values between commas, or a JSON list),
    ``days_per_partition`` (7), and ``pins``: the JSON of ``client.describe_calls(...).pins``, which says the columns and their
    types. A schema of the reader's, ``.schema("call_id BIGINT, csat DOUBLE")``, says it as well, and only its columns are asked
    for. Without either, the newest 30 days are read once, by ``load()``, to see what there is. A value that does not fit its
    column fails the task, with the column's name.

    Writing, with ``mode("append")``, updates by key. Its options are ``table``, ``nulls`` (``keep``, the default, or
    ``clear``), ``json_columns``, and ``report``: a file of the driver's that gets, as JSON, how many rows were set and the keys
    of those that are in doubt or were not sent.

    Both take ``base_url``, ``secret``, which is the API key under a name that Spark shows nowhere, and the settings of
    `Client` by their names. What is left out comes from the environment variables ``CONVERZ_BASE_URL`` and
    ``CONVERZ_API_KEY`` with which the driver was started.
    """

    @classmethod
    def name(cls) -> str:
        """Return the name of the format."""
        return "converz"

    def schema(self) -> StructType:
        """Return the columns where the reader gives none."""
        options = ReadOptions.of(self.options)
        if options.pins is not None:
            return schema_of(options.pins)
        client = Connection.of(self.options).client()
        if options.table == "reps":
            described = client.describe_reps(**options.filters, progress=False)
        else:
            until = options.until or last_day(now())
            since = max(options.since, until - timedelta(days=DESCRIBED_DAYS - 1)) if options.since else None
            described = client.describe_calls(
                start_date=since,
                end_date=until,
                metric=list(options.metric) or None,
                **options.filters,
                progress=False,
            )
        if not any(described.to_pydict()["rows"]):
            message = (
                "the days that were looked at have no rows, so nobody knows the columns: say them with .schema(...), or "
                ".option('pins', json.dumps(client.describe_calls(...).pins))"
            )
            raise InvalidInputError(message)
        return schema_of(described.pins)

    def reader(self, schema: StructType) -> DataSourceReader:
        """Return what plans a read."""
        return reader(Connection.of(self.options), ReadOptions.of(self.options), schema)

    def writer(self, schema: StructType, overwrite: bool) -> DataSourceWriter:
        """Return what updates."""
        if overwrite:
            message = (
                "mode('overwrite') would have to delete, which the API cannot: mode('append') updates by key"
            )
            raise InvalidInputError(message)
        return Writer(Connection.of(self.options), WriteOptions.of(self.options), schema)
