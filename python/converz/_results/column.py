"""`Column`: one column of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from converz._core import Table as CoreTable
from converz._show.shape import plural, rounded
from converz._show.shorten import longest, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Column"]

VALUES = 10
"""Values that are shown."""

WIDTH = 24


class Column:
    """One column of a `Table`, which ``table["csat"]`` gives.

    It is an Arrow array for whoever takes one, as ``polars.Series`` and ``pyarrow.chunked_array`` do, without copying
    where the library's layout allows. For more than its values, take the table into a frame.

    Example:
        >>> import converz
        >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
        ...     calls = sandbox.client().calls(columns=["call_id", "campaign"])
        >>> column = calls["call_id"]
        >>> column.name, column.type, len(column), column.to_pylist()[:3]
        ('call_id', 'int64', 100, [1, 2, 3])

    """

    __module__ = "converz"

    __slots__ = ("_core",)
    _core: CoreTable
    """A table that has only this column."""

    def __init__(self, core: CoreTable) -> None:
        self._core = core

    @property
    def name(self) -> str:
        """The name of the column."""
        return self._core.schema.names[0]

    @property
    def type(self) -> str:
        """The type, as Arrow names it."""
        return self._core.schema.types[0]

    def to_pylist(self) -> list[Any]:
        """Return the values as Python's own, null as None; no other library is needed.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
            ...     reps = sandbox.client().reps()
            >>> reps["active"].to_pylist()
            [1, 1, 1, 1, 1]

        """
        return self._core.values(0)

    def __len__(self) -> int:
        """Return the number of values."""
        return self._core.num_rows

    def __iter__(self) -> Iterator[Any]:
        """Yield the values."""
        return iter(self.to_pylist())

    def __arrow_c_array__(self, requested_schema: object = None) -> object:
        """Export the column as an Arrow C array."""
        return self._core.column_array(0, requested_schema)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Export the column as an Arrow C stream capsule of its arrays."""
        return self._core.column_stream(0, requested_schema)

    def __arrow_c_schema__(self) -> object:
        """Export the name and type as an Arrow C schema capsule."""
        return self._core.column_schema(0)

    def __eq__(self, other: object) -> bool:
        """Whether the other is a column of the same name, type and values."""
        if not isinstance(other, Column):
            return NotImplemented
        return self._core.equals(other._core)

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        """Pickle as an Arrow IPC stream."""
        return Column._from_ipc, (self._core.to_ipc(),)

    @classmethod
    def _from_ipc(cls, ipc: bytes) -> Column:
        return cls(CoreTable.from_ipc(ipc))

    def __repr__(self) -> str:
        """Show the name, the type and the first values."""
        kind = self.type
        cells = [row[0] for row in self._core.cells(0, VALUES, 1, longest(WIDTH))]
        shown = ["null" if cell is None else shorten(rounded(cell, kind), WIDTH) for cell in cells]
        if "string" in kind and "<" not in kind:
            shown = [text if cell is None else repr(text) for text, cell in zip(shown, cells, strict=True)]
        more = ", …" if len(self) > VALUES else ""
        count = f"{len(self):,} {plural('value', len(self))}"
        return f"Column({shorten(self.name, WIDTH)!r}, {shorten(kind, WIDTH)}, {count}: [{', '.join(shown)}{more}])"
