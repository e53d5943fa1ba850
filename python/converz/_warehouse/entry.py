"""`Entry`: a line of the ledger, what was read of a day."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, TypeAlias

from converz.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from converz._results.table import Table

__all__ = ["DAY_COLUMN", "KEPT", "LEDGER", "Day", "Entry", "refuse_day_column", "refuse_if_moved"]

Day: TypeAlias = "date | None"
"""None is the one window of a table without days."""

DAY_COLUMN = "_converz_date"
"""The column of the day that a row was asked for: what is deleted and written again, whatever zone its times are in."""

LEDGER = "_converz_ledger"
"""The table of the ledger, in targets that keep it in one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What was read of a day.

    Times are moments in UTC, without a zone.
    """

    day: Day
    fingerprint: str
    """Of the question: another question's rows are not to be mixed with these."""
    rows: int
    digest: str
    keys: str
    """The digest of the keys alone; empty where the rows have none."""
    read_at: datetime
    """When reading began of what was read last."""
    changed_at: datetime | None = None
    """When a later reading first found something else than one before; None as long as none has."""
    instead_of: datetime | None = None
    """`read_at` of the line that this one is to stand instead of. Targets do not keep it."""
    swept_at: datetime | None = None
    """When a sweep last found the keys to be these, since they were read; None if none has."""

    def has(self, digest: str) -> bool:
        """Whether the rows have this digest. A target may keep its beginning only."""
        return digest.startswith(self.digest)


KEPT = [field.name for field in fields(Entry) if field.name != "instead_of"]
"""The fields of a line that are kept, in their order."""


def refuse_if_moved(stored: Mapping[Day, Entry], entries: Iterable[Entry]) -> None:
    """Refuse to write over what another run has written meanwhile. To be called within the commit."""
    for entry in entries:
        there = stored.get(entry.day)
        if (there.read_at if there else None) != entry.instead_of:
            what = entry.day.isoformat() if entry.day else "the table"
            message = f"another sync has written {what} meanwhile: let one run end before the next begins, and run it again"
            raise TargetError(message)


def refuse_day_column(tables: Iterable[Table]) -> None:
    """Refuse a column of the service's that has the name of ours."""
    for table in tables:
        for name in table.column_names:
            if name.casefold() == DAY_COLUMN:
                message = (
                    f"the service has a column {name!r}, which is the name of the day that a sync asked for"
                )
                raise TargetError(message)
