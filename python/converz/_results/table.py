"""`Table`: the rows of a result, ready for every dataframe library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from converz import _core
from converz._frames.from_polars import readable
from converz._frames.from_pyarrow import unpacked_table
from converz._frames.libraries import required
from converz._frames.to_polars import to_polars
from converz._frames.to_pyarrow import to_pyarrow
from converz._results.file_writing import FileWriting
from converz._show.html import html_table
from converz._show.text import text_table
from converz.errors import InvalidInputError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from converz._core import RecordBatch, Schema
    from converz._core import Table as CoreTable
    from converz._results.receipt import Receipt

__all__ = ["Table"]


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
        (5, 7)
        >>> reps.column_names[:3]
        ['rep_id', 'name', 'gender']
        >>> reps.schema["active"]
        'int64'

    """

    __slots__ = ("_core", "_receipt")
    _core: CoreTable
    _receipt: Receipt | None

    def __init__(self, data: Any) -> None:
        """Take the rows of any object with ``__arrow_c_stream__`` or ``__arrow_c_array__``.

        Args:
            data: A dataframe, table or batch of any library that speaks the Arrow PyCapsule interface.

        Raises:
            InvalidInputError: If it is none of these.

        """
        try:
            if not isinstance(data, _core.Table):
                data = _core.Table.from_arrow(readable(unpacked_table(data, extensions_only=True)))
            self._core = data
        except (TypeError, ValueError) as error:
            if isinstance(error, InvalidInputError):
                raise
            kind = type(data)
            message = f"data is a {kind.__module__}.{kind.__qualname__}, which is not an Arrow table: {error}"
            raise InvalidInputError(message) from error
        self._receipt = None

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
        return Table._from_core(self._core.slice(offset, rows))

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
            InvalidInputError: If two columns have the same name, as those of other libraries may.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
            ...     calls = sandbox.client().calls(columns=["call_id", "campaign"])
            >>> calls.head(2).to_pydict()["call_id"]
            [1, 2]

        """
        repeated = {name for name in self.column_names if self.column_names.count(name) > 1}
        if repeated:
            message = f"a dict cannot hold several columns of the same name: {sorted(repeated)}"
            raise InvalidInputError(message)
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
        """Show the shape, the types and the first rows."""
        return text_table(self._core)

    def _repr_html_(self) -> str:
        return html_table(self._core)
