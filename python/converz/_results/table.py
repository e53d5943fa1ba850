"""`Table`: the rows of a result, ready for every dataframe library."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, overload

from converz import _core
from converz._frames.from_dict import from_dict
from converz._frames.from_polars import readable
from converz._frames.from_pyarrow import unpacked_table
from converz._frames.libraries import required
from converz._frames.names import check_name
from converz._frames.to_polars import to_polars
from converz._frames.to_pyarrow import to_pyarrow
from converz._results.column import Column
from converz._results.concatenation import concatenated
from converz._results.file_writing import File, FileWriting, metadata
from converz._show.html import html_table
from converz._show.shape import asked_first
from converz._show.shorten import shorten
from converz._show.text import text_table
from converz.errors import InvalidInputError

if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterator

    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from converz._core import RecordBatch, Schema
    from converz._core import Table as CoreTable
    from converz._results.receipt import Receipt

__all__ = ["Table"]

XCOM_BYTES = 1 << 20
"""Of a table that is passed from task to task, in a database."""

ROWS_AT_ONCE = 10_000
"""Rows that are made Python's values together."""


class Table(FileWriting):
    """The rows of a result, in Arrow's memory layout.

    Every library that speaks the Arrow PyCapsule interface takes it as it is, as often as wanted, and shares
    its memory where the library's own layout allows: ``polars.DataFrame(table)``, ``pyarrow.table(table)``,
    ``duckdb.sql("from calls")`` for a table called ``calls``. `to_pandas`, `to_polars` and `to_arrow` do the same for those who prefer a
    method. A table can be pickled and does not change.

    Example:
        >>> import converz
        >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
        ...     reps = sandbox.client().reps()
        >>> reps.shape
        (5, 8)
        >>> reps.column_names[:3]
        ['rep_id', 'name', 'gender']
        >>> reps.schema["active"]
        'int64'

    """

    __module__ = "converz"

    __slots__ = ("_core", "_receipt")
    __version__: ClassVar[int] = 1  # Of what `serialize` returns, as Airflow looks for it.
    _core: CoreTable
    _receipt: Receipt | None

    def __init__(self, data: Any) -> None:
        """Take the rows of any object with ``__arrow_c_stream__`` or ``__arrow_c_array__``, or a dict of columns.

        Args:
            data: A dataframe, table or batch of any library that speaks the Arrow PyCapsule interface, or a dict of
                names to lists, such as ``{"call_id": [1, 2], "priority": ["high", None]}``.

        Raises:
            InvalidInputError: If it is none of these, or columns differ in length or mix types.

        """
        try:
            if isinstance(data, Mapping):
                data = from_dict(data)
            elif not isinstance(data, _core.Table):
                data = _core.Table.from_arrow(readable(unpacked_table(data, extensions_only=True)))
            self._core = data
        except (TypeError, ValueError) as error:
            if isinstance(error, InvalidInputError):
                if isinstance(data, Mapping):
                    raise InvalidInputError(str(error).replace("frame", "data", 1)) from None
                raise
            kind = type(data)
            message = f"data is a {kind.__module__}.{kind.__qualname__}, which is not an Arrow table: {error}"
            raise InvalidInputError(message) from error
        self._receipt = None

    def _write_file(self, file: File, form: str, options: dict[str, Any]) -> None:
        self._core.write_file(file, form, options, metadata(self._receipt))

    @classmethod
    def _from_core(cls, core: CoreTable, receipt: Receipt | None = None) -> Table:
        table = cls(core)
        table._receipt = receipt
        return table

    @classmethod
    def _from_ipc(cls, ipc: bytes, receipt: Receipt | None) -> Table:
        return cls._from_core(_core.Table.from_ipc(ipc), receipt)

    @property
    def receipt(self) -> Receipt | None:
        """What reading the table took: requests, retries, pages, bytes, seconds. None if it was not read."""
        return self._receipt

    @property
    def schema(self) -> Schema:
        """The names and types of the columns; it can be passed as ``schema=``."""
        return self._core.schema

    @property
    def column_names(self) -> list[str]:
        """The names of the columns, in order."""
        return self._core.schema.names

    @property
    def num_rows(self) -> int:
        """The number of rows."""
        return self._core.num_rows

    @property
    def num_columns(self) -> int:
        """The number of columns."""
        return len(self._core.schema)

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of rows and of columns."""
        return self.num_rows, self.num_columns

    @property
    def nbytes(self) -> int:
        """The bytes that the columns occupy in memory."""
        return self._core.nbytes

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.num_rows

    def head(self, rows: int = 5) -> Table:
        """Return the first rows, without copying them.

        Args:
            rows: How many.

        Raises:
            InvalidInputError: If it is negative.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
            ...     calls = sandbox.client().calls(columns=["call_id", "campaign"])
            >>> calls.head(3).num_rows
            3

        """
        return self.slice(0, rows)

    def slice(self, offset: int, length: int | None = None) -> Table:
        """Return a range of rows, without copying them.

        Args:
            offset: The first row, counted from 0.
            length: How many rows; by default all that follow.

        Raises:
            InvalidInputError: If a number is negative.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
            ...     calls = sandbox.client().calls(columns=["call_id", "campaign"])
            >>> calls.slice(97).num_rows, calls.slice(10, 20).num_rows
            (3, 20)

        """
        rows = max(self.num_rows - offset, 0) if length is None else length
        for name, number in (("offset", offset), ("length", rows)):
            if number < 0:
                message = f"{name}={number} is not a number of rows from 0"
                raise InvalidInputError(message)
        return self._with(self._core.slice(offset, rows))

    def tail(self, rows: int = 5) -> Table:
        """Return the last rows, without copying them.

        Args:
            rows: How many.

        Raises:
            InvalidInputError: If it is negative.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
            ...     calls = sandbox.client().calls(columns=["call_id", "campaign"])
            >>> calls.tail(2)["call_id"].to_pylist()
            [99, 100]

        """
        return self.slice(max(self.num_rows - rows, 0), rows)

    def select(self, columns: Iterable[str]) -> Table:
        """Return some columns, in the order that is asked for, without copying them.

        Args:
            columns: Their names.

        Raises:
            InvalidInputError: If there is no such column, or several of its name.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
            ...     calls = sandbox.client().calls()
            >>> calls.select(["campaign", "call_id"]).column_names
            ['campaign', 'call_id']

        """
        chosen = [columns] if isinstance(columns, str) else list(columns)
        return self._with(self._core.select([self._place(name, "columns") for name in chosen], chosen))

    def rename(self, columns: Mapping[str, str]) -> Table:
        """Return the table with other names for some columns, without copying them.

        Args:
            columns: The new name of each, by its name so far.

        Raises:
            InvalidInputError: If there is no such column, or two would have the same name.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
            ...     calls = sandbox.client().calls(columns=["call_id", "campaign"])
            >>> calls.rename({"call_id": "id"}).column_names
            ['id', 'campaign']

        """
        names = self.column_names
        for name, new in columns.items():
            place = self._place(name, "columns")
            check_name(new)
            names[place] = new
        repeated = sorted(
            {name for name in names if names.count(name) > self.column_names.count(name)} - {""}
        )
        repeated = [name for name in repeated if names.count(name) > 1]
        if repeated:
            message = f"columns={dict(columns)!r:.80} would give several columns the same name: {repeated}"
            raise InvalidInputError(message)
        return self._with(self._core.select(list(range(len(names))), names))

    @staticmethod
    def concat(tables: Iterable[Table]) -> Table:
        """Put the rows of tables one below the other, such as those of several days.

        A column that a table does not have is null there. Types widen as they would in one read: integers beside
        fractions become floats, numbers beside text become text, as the table of types says.

        Args:
            tables: One or more.

        Returns:
            A `Table` with the columns of all, in the order in which they first come, and without a receipt.

        Raises:
            InvalidInputError: If there is no table, something is none, or columns of a type that only other libraries
                have do not fit together.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=1_000, days=7, today="2025-07-15") as sandbox:
            ...     days = [day for _, day in sandbox.client().read_windows(
            ...         sandbox.client().windows("2025-07-09", "2025-07-15"))]
            >>> converz.Table.concat(days).num_rows
            1000

        """
        given: Any = tables
        found: list[Any] = list(given) if isinstance(given, Iterable) and not isinstance(given, Table) else []
        for number, table in enumerate(found):
            if not isinstance(table, Table):
                message = (
                    f"tables[{number}]={table!r:.80} is not a converz.Table: pass converz.Table(...) of it"
                )
                raise InvalidInputError(message)
        if not found:
            message = "tables has no table: pass a list of one or more"
            raise InvalidInputError(message)
        return Table._from_core(concatenated([table._core for table in found]))

    @overload
    def __getitem__(self, key: str) -> Column: ...
    @overload
    def __getitem__(self, key: builtins.slice[Any, Any, Any]) -> Table: ...
    def __getitem__(self, key: str | builtins.slice[Any, Any, Any]) -> Column | Table:
        """Return a column by its name, or a range of rows such as ``table[:3]``.

        Raises:
            KeyError: If there is no such column, with the names that there are.
            InvalidInputError: If it is no name and no range, or a range with a step.

        """
        if isinstance(key, str):
            names = self.column_names
            if key not in names:
                message = f"{key!r}: the columns are {shorten(', '.join(names), 300)}"
                raise KeyError(message)
            return Column(self._core.select([self._place(key, "column")], [key]))
        if isinstance(key, slice) and key.step in (None, 1):
            start, stop, _ = key.indices(self.num_rows)
            return self.slice(start, max(stop - start, 0))
        message = (
            f'table[{key!r:.80}] is neither the name of a column nor a range of rows: table["csat"] and table[:3] are; '
            "select() takes several names"
        )
        raise InvalidInputError(message)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the rows as dicts of Python's own values.

        Raises:
            InvalidInputError: If two columns have the same name.

        """
        self._check_names()
        return self._rows()

    def _rows(self) -> Iterator[dict[str, Any]]:
        names = self.column_names
        for start in range(0, self.num_rows, ROWS_AT_ONCE):
            part = self._core.slice(start, ROWS_AT_ONCE)
            if not names:
                yield from ({} for _ in range(part.num_rows))
            for values in zip(*(part.values(i, start) for i in range(len(names))), strict=True):
                yield dict(zip(names, values, strict=True))

    def to_pylist(self) -> list[dict[str, Any]]:
        """Return the rows as dicts of Python's own values, null as None; no other library is needed.

        Raises:
            InvalidInputError: If two columns have the same name, as those of other libraries may, or if a date is
                outside the years 1 to 9999, which Python's own dates do not reach.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
            ...     calls = sandbox.client().calls(columns=["call_id"])
            >>> calls[:2].to_pylist()
            [{'call_id': 1}, {'call_id': 2}]

        """
        return list(self)

    def _with(self, core: CoreTable) -> Table:
        """Return another table of the same read."""
        return Table._from_core(core, self._receipt)

    def _place(self, name: object, argument: str) -> int:
        names = self.column_names
        count = names.count(name) if isinstance(name, str) else 0
        if count == 1:
            return names.index(name)  # type: ignore[arg-type]
        what = "no column of the table" if count == 0 else "the name of several columns"
        message = f"{argument} has {name!r:.80}, which is {what}: it has {shorten(', '.join(names), 300)}"
        raise InvalidInputError(message)

    def _check_names(self) -> None:
        names = self.column_names
        repeated = {name for name in names if names.count(name) > 1}
        if repeated:
            message = f"a dict cannot hold several columns of the same name: {sorted(repeated)}"
            raise InvalidInputError(message)

    def _shown(self) -> CoreTable:
        """Return the table as it is shown: the columns that were asked for by name before the others."""
        names = self.column_names
        order = asked_first(names, self._receipt._asked if self._receipt else ())
        return self._core.select(order, [names[place] for place in order])

    def digest(self) -> str:
        """Return 32 hexadecimal digits that tell whether the rows are the same as those of another table.

        Tables of the same rows have the same digest, whatever the order of rows and columns, and also where a
        column has become wider, as documented in the table of types: the integer 3 is 3.0 and ``"3"``, true is
        ``"true"``, a date is its text, and a date-time its text as the API writes it (``2025-07-15 12:00:00``). A null
        is what an attribute that a row lacks is, but a column of nulls is not a column that is missing. A changed
        value, a changed name, or a row that comes once more makes another digest; that two tables have the same
        one by chance is out of the question. It does not guard against somebody who makes data up for that.
        Tables without rows are all alike.

        The digest of the same rows stays the same in later versions, so that it can be stored.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
            ...     client = sandbox.client()
            ...     calls, again = client.calls(), client.calls(columns=client.calls().column_names[::-1])
            >>> calls.digest() == again.digest(), calls.digest() == calls.head(99).digest()
            (True, False)

        """
        return self._core.digest()

    def to_batches(self) -> list[RecordBatch]:
        """Return the batches that the table is made of, without copying them.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
            ...     calls = sandbox.client().calls(columns=["call_id", "campaign"])
            >>> sum(batch.num_rows for batch in calls.to_batches())
            100

        """
        return self._core.to_batches()

    def to_pydict(self) -> dict[str, list[Any]]:
        """Return the columns as lists of Python's own values, null as None; no other library is needed.

        Raises:
            InvalidInputError: If two columns have the same name, as those of other libraries may, or if a date is
                outside the years 1 to 9999, which Python's own dates do not reach.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
            ...     calls = sandbox.client().calls(columns=["call_id", "campaign"])
            >>> calls.head(2).to_pydict()["call_id"]
            [1, 2]

        """
        self._check_names()
        return {name: self._core.values(i) for i, name in enumerate(self.column_names)}

    def to_arrow(self) -> pa.Table:
        """Return a ``pyarrow.Table`` that shares this table's memory.

        Raises:
            ImportError: If pyarrow is not installed.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
            ...     calls = sandbox.client().calls(columns=["call_id", "campaign"])
            >>> calls.to_arrow().schema.names
            ['call_id', 'campaign']

        """
        return to_pyarrow(self._core)

    def to_polars(self) -> pl.DataFrame:
        """Return a ``polars.DataFrame``.

        Numbers, dates and times share this table's memory; strings are laid out anew, as polars needs them.

        Raises:
            ImportError: If polars is not installed.
            InvalidInputError: If the data came from another library and its strings are broken.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
            ...     calls = sandbox.client().calls(columns=["call_id", "campaign"])
            >>> calls.to_polars().shape
            (100, 2)

        """
        return to_polars(self._core)

    def to_pandas(self, *, dtype_backend: Literal["pyarrow", "numpy_nullable"] | None = None) -> pd.DataFrame:
        """Return a ``pandas.DataFrame`` in which no value has changed.

        Columns without nulls have numpy's types. Where a value is null, integers and booleans become pandas'
        nullable ``Int64``, ``UInt64`` and ``boolean`` (numpy has no null for them), and floats have NaN.
        Strings have pandas' own string type; dates and times are ``datetime64[us]``.

        Args:
            dtype_backend: ``"pyarrow"`` or ``"numpy_nullable"``, as in pandas' own readers.

        Raises:
            ImportError: If pandas is not installed, or pyarrow for ``dtype_backend="pyarrow"``.
            InvalidInputError: If ``dtype_backend`` is something else.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
            ...     calls = sandbox.client().calls(columns=["call_id", "campaign"])
            >>> calls.to_pandas().dtypes["call_id"]
            dtype('int64')

        """
        required("pandas", "to_pandas")
        from converz._frames.to_pandas import to_pandas

        return to_pandas(self._core, dtype_backend)

    def serialize(self) -> dict[str, Any]:
        """Return the table as plain values, which is how Airflow passes it from task to task (an XCom).

        Airflow takes a table that a task returns as it is. To give it to the next one it has to be allowed to:
        ``allowed_deserialization_classes = airflow.* converz.Table`` in its configuration.

        Raises:
            InvalidInputError: If it is larger than a mebibyte as compressed Arrow data: XComs are stored in Airflow's
                database.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
            ...     reps = sandbox.client().reps()
            >>> converz.Table.deserialize(reps.serialize(), 1) == reps
            True

        """
        import base64
        import zlib

        packed = zlib.compress(self._core.to_ipc())
        if len(packed) > XCOM_BYTES:
            message = (
                f"a table of {self.num_rows:,} rows is {len(packed):,} bytes, more than the {XCOM_BYTES:,} that are passed from "
                "task to task: write it into a file, and pass the path, as ConverzExportOperator and write_parquet do; or "
                "pass fewer rows or columns"
            )
            raise InvalidInputError(message)
        return {"ipc": base64.b64encode(packed).decode()}

    @staticmethod
    def deserialize(data: dict[str, Any], version: int) -> Table:
        """Make a table of what `serialize` returned.

        Args:
            data: What it returned.
            version: The version of its form, which is 1.

        Raises:
            InvalidInputError: If a later version has made it.

        Example:
            >>> import converz
            >>> table = converz.Table({"call_id": [1, 2]})
            >>> converz.Table.deserialize(table.serialize(), 1).num_rows
            2

        """
        import base64
        import zlib

        if version != Table.__version__:
            message = f"version={version!r:.80} of a serialised table is one of a later converz: install the same in every task"
            raise InvalidInputError(message)
        return Table._from_ipc(zlib.decompress(base64.b64decode(data["ipc"])), None)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Export the table as an Arrow C stream capsule."""
        return self._core.__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        """Export the schema as an Arrow C schema capsule."""
        return self._core.__arrow_c_schema__()

    def __eq__(self, other: object) -> bool:
        """Whether the other is a table of the same columns and values."""
        if not isinstance(other, Table):
            return NotImplemented
        return self._core.equals(other._core)

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, tuple[bytes, Receipt | None]]:
        """Pickle as an Arrow IPC stream."""
        return Table._from_ipc, (self._core.to_ipc(), self._receipt)

    def __repr__(self) -> str:
        """Show the shape, the types and the first rows, the columns first that were asked for by name."""
        return text_table(self._shown())

    def _repr_html_(self) -> str:
        return html_table(self._shown())
