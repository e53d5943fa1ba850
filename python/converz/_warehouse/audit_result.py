"""`AuditResult`: whether a target has what the service has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from converz._results.table import Table

__all__ = ["AuditResult"]


@dataclass(frozen=True, slots=True, repr=False)
class AuditResult:
    """Whether a target has what the service has.

    Attributes:
        differences: A `Table` with a row for each day that differs: the ``table``, the ``day`` (null for users), the rows that
            are ``stored`` and those that the ``service`` has, how many of the service's are ``missing`` and how many of the
            stored ones are ``surplus``, the ``cause`` (``never read``, ``late``, ``deleted``, ``late and deleted``, or
            ``changed in the target``, whose rows are no longer those of its ledger; ``report`` where the service's own report
            counts other than it lists), and the ``command`` that mends it.
        days: How many days were compared, users counted as one.
        rows: How many rows the service has of them.
        filtered: How many conversations of these days the filters leave out, by the service's report; None where it does not
            count them, or there are no filters.

    Example:
        >>> import converz, duckdb
        >>> with converz.Sandbox(calls=100, reps=5, today="2025-07-15") as sandbox:
        ...     client, target = sandbox.client(), duckdb.connect()
        ...     result = client.sync(target, since="2025-07-01", until="2025-07-15")
        ...     audit = client.audit(target, until="2025-07-15")
        >>> audit.equal, audit.days
        (True, 16)

    """

    __module__ = "converz"

    differences: Table = field(compare=False)
    days: int
    rows: int
    filtered: int | None = None

    @property
    def equal(self) -> bool:
        """Whether there is no difference."""
        return self.differences.num_rows == 0

    def __repr__(self) -> str:
        """Show the numbers."""
        return f"AuditResult(equal={self.equal}, days={self.days}, rows={self.rows}, differences={self.differences.num_rows})"
