"""`Run`: a sync under way, and what it has done so far."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from converz._warehouse.result import SyncResult, table_of
from converz._warehouse.settling import settling

if TYPE_CHECKING:
    from collections.abc import Callable

    from converz._warehouse.entry import Entry
    from converz._warehouse.settings import Settings
    from converz._warehouse.source import Source
    from converz._warehouse.target import Target

__all__ = ["Run", "now"]

DAYS = {
    "table": "string",
    "day": "date32",
    "reason": "string",
    "outcome": "string",
    "rows": "int64",
    "rows_before": "int64",
    "message": "string",
}
COLUMNS = {"table": "string", "column": "string", "before": "string", "after": "string"}


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


@dataclass
class Run:
    """One sync under way: what it has found so far."""

    client: Source
    target: Target
    settings: Settings
    clock: Callable[[], datetime] = now
    days: list[tuple[Any, ...]] = field(default_factory=list)
    columns: list[tuple[Any, ...]] = field(default_factory=list)
    changed: list[Entry] = field(default_factory=list)
    """Entries of all days, for how they settle."""
    rows_read: int = 0
    rows_written: int = 0
    requests: int = 0
    bytes: int = 0
    started: float = field(default_factory=time.monotonic)

    def result(self) -> SyncResult:
        """Say what is committed by now."""
        outcomes = [line[3] for line in self.days]
        return SyncResult(
            days=table_of(DAYS, self.days),
            columns=table_of(COLUMNS, self.columns),
            settling=settling(self.changed),
            new=outcomes.count("new"),
            changed=outcomes.count("changed"),
            unchanged=outcomes.count("unchanged"),
            failed=outcomes.count("failed"),
            rows_read=self.rows_read,
            rows_written=self.rows_written,
            requests=self.requests,
            seconds=time.monotonic() - self.started,
        )
