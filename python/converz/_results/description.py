"""`Description`: what is in the columns of a result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from converz._results.table import Table

if TYPE_CHECKING:
    from converz._core import Table as CoreTable
    from converz._results.receipt import Receipt

__all__ = ["Description"]


class Description(Table):
    """A table of one row a column of a result, as `Client.describe_calls` and `Client.describe_reps` give it.

    ===============  ===============================================================================
    ``column``       its name
    ``type``         its Arrow type, settled over every row
    ``rows``         rows of the result, the same for every column
    ``nulls``        rows in which it is null or missing
    ``distinct``     distinct values, counted exactly up to 10,000; null where there are more
    ``minimum``      the least value as text: numbers by size, dates and times by time, text by its characters;
                     null where the column holds lists, objects or a mixture
    ``maximum``      the greatest
    ``examples``     the first three distinct values, a JSON list
    ``first_date``   the first day, by the rows' ``date`` or else ``start_time``, on which it had a value; null
                     where rows have neither
    ``last_date``    the last one
    ===============  ===============================================================================

    Texts of more than 80 characters are cut, with an ellipsis at the end.

    Example:
        >>> import converz
        >>> with converz.Sandbox(calls=1_000, today="2025-07-15") as sandbox:
        ...     described = sandbox.client().describe_calls(metric="csat")
        >>> columns = described.to_pydict()
        >>> row = columns["column"].index("csat")
        >>> columns["type"][row], columns["minimum"][row], columns["maximum"][row], columns["distinct"][row]
        ('int64', '1', '5', 5)

    """

    __module__ = "converz"

    __slots__ = ()

    @classmethod
    def _from_core(cls, core: CoreTable, receipt: Receipt | None = None) -> Description:
        description = cls(core)
        description._receipt = receipt
        return description

    @classmethod
    def _from_ipc(cls, ipc: bytes, receipt: Receipt | None) -> Description:
        from converz import _core

        return cls._from_core(_core.Table.from_ipc(ipc), receipt)

    @property
    def pins(self) -> dict[str, str]:
        """The type of each column that has one, to pass as ``schema=``: so the next read has the same types, or raises.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=1_000) as sandbox:
            ...     client = sandbox.client()
            ...     pins = client.describe_reps().pins
            ...     reps = client.reps(schema=pins, limit=1)
            >>> reps.schema["hired_on"]
            'date32'

        """
        columns = self.to_pydict()
        pairs = zip(columns["column"], columns["type"], strict=True)
        return {name: kind for name, kind in pairs if kind != "null"}

    def __reduce__(self) -> tuple[object, tuple[bytes, Receipt | None]]:
        """Pickle as an Arrow IPC stream."""
        return Description._from_ipc, (self._core.to_ipc(), self._receipt)
