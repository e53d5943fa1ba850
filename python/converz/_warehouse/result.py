"""`SyncResult`: what a sync read and wrote."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from converz import _core
from converz._results.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Outcome", "SyncResult", "table_of"]

Outcome: TypeAlias = Literal["new", "changed", "unchanged", "failed"]


def table_of(types: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> Table:
    """Make a table of rows, with these columns."""
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * len(types)
    made = [_core.Column.from_list(name, list(values)) for name, values in zip(types, columns, strict=True)]
    return Table(_core.Table.from_columns(list(types), made).widen(_core.Schema(dict(types))))


@dataclass(frozen=True, slots=True, repr=False)
class SyncResult:
    """What a sync read and wrote. All of it is committed.

    Attributes:
        days: A `Table` with a row for each day that was read: the ``table``, the ``day`` (null for users), the ``reason``
            why it was due, the ``outcome`` (``new``, ``changed``, ``unchanged`` or ``failed``), the ``rows`` that the target
            has of it now and had before (``rows_before``), and a ``message`` where it failed and kept what it had.
        columns: A `Table` of the stored columns that are new or have another type now: ``table``, ``column``, and the
            types ``before`` (null for a new one) and ``after``.
        settling: How long after its end a day still changed, in days, over all days that changed after they were first
            read: the quantiles ``0.5``, ``0.9``, ``0.99`` and ``1.0``. Empty as long as none has.
        new: Days that were read for the first time.
        changed: Days that were read again, and had changed.
        unchanged: Days that were read again, and had not.
        failed: Days that were not written, for the reason in their ``message``.
        rows_read: Rows that were read, of all days.
        rows_written: Rows that were written.
        requests: Requests that were sent, retries included.
        seconds: From the beginning to the end.

    Example:
        >>> import converz, duckdb
        >>> with converz.Sandbox(calls=100, reps=5, today="2025-07-15") as sandbox:
        ...     target = duckdb.connect()
        ...     result = sandbox.client().sync(target, since="2025-07-01", until="2025-07-15")
        >>> result.new, result.failed
        (16, 0)

    """

    __module__ = "converz"

    days: Table = field(compare=False)
    columns: Table = field(compare=False)
    settling: dict[str, float]
    new: int
    changed: int
    unchanged: int
    failed: int
    rows_read: int
    rows_written: int
    requests: int
    seconds: float

    def __repr__(self) -> str:
        """Show the numbers."""
        shown = ("new", "changed", "unchanged", "failed", "rows_read", "rows_written", "seconds")
        return f"SyncResult({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"
