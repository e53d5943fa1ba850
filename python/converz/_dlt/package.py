"""`Package`: the rows of one load package of dlt, and the ledger that dlt keeps in its state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from converz._warehouse.conforming import widened
from converz._warehouse.entry import DAY_COLUMN
from converz._warehouse.table_run import COMMIT_ROWS
from converz._warehouse.targets.parquet import OPTIONS, ParquetTarget
from converz._warehouse.types import common
from converz.errors import InvalidInputError, TargetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from converz._results.table import Table
    from converz._warehouse.entry import Day, Entry

__all__ = ["DIGEST_COLUMN", "Package", "number"]

DIGEST_COLUMN = "_converz_digest"
"""The column of a number of what was read of the row's day, by which state and destination are compared."""

UNCOMPRESSED = OPTIONS | {"compression": "uncompressed"}

KINDS = {"uint64": "string", "json": "string"}
"""Types that not every destination has: their text."""


def number(digest: str) -> int:
    """Return what of a digest fits a signed number of 64 bits."""
    return int(digest[:15], 16)


class Package(ParquetTarget):
    """A target of the planner: files of Parquet, since types are only known at the end, and a ledger that dlt keeps.

    Args:
        folder: Where to put the files.
        ledger: The lines of what is loaded. Those of what comes are put there.

    """

    def __init__(self, folder: str, ledger: dict[Day, Entry]) -> None:
        super().__init__(folder, lock_timeout=0)
        self._ledger = ledger

    def __repr__(self) -> str:
        return "the pipeline"

    def ledger(self, table: str, days: Iterable[Day] | None = None) -> dict[Day, Entry]:  # noqa: ARG002
        """Return the lines of what is loaded."""
        return dict(self._ledger)

    def replace(self, table: str, days: Mapping[Day, Table], entries: Iterable[Entry]) -> None:
        """Take days, and the lines of the ledger."""
        entries = list(entries)
        super().replace(table, days, entries)
        self._ledger |= {entry.day: entry for entry in entries}

    def taken(self, table: str) -> list[Day]:
        """List the days that are to be replaced."""
        return list(super().ledger(table))

    def kinds(self, table: str, stored: Callable[[str], str | None]) -> dict[str, str]:
        """Return the columns of all that was taken, in those types that the destination has.

        dlt does not find a type for several tables, and does not take whole numbers for a column of fractions.
        """
        kinds = {}
        for name, found in self.schema(table).items():
            kind = kinds[name] = stored(name) or KINDS.get(found, found)
            if common(kind, found) != kind:
                what = (
                    f"column {name!r} of {table} is {kind} in the destination, and what came does not fit it"
                )
                raise _unfit(what, {name: "float64"})
        return kinds

    def tables(self, table: str, kinds: Mapping[str, str]) -> Iterator[pa.Table]:
        """Yield what was taken, several days at once: dlt has to look at each table anew."""
        days: list[pa.Table] = []
        for day, entry in super().ledger(table).items():
            try:
                rows = widened(self.rows(table, day), kinds)
            except InvalidInputError as error:
                what = f"{table}: {error}"
                raise _unfit(what, {"…": "string"}) from error
            days.append(_marked(rows, entry))
            if sum(map(len, days)) >= COMMIT_ROWS:
                yield pa.concat_tables(days)
                days = []
        if days:
            yield pa.concat_tables(days)

    def _put(self, path: Path, core: Any, notes: dict[str, str]) -> None:
        # Read once, a moment later, by this process: neither compressed nor waited for until it is on the disk.
        with path.open("wb") as file:
            core.write_file(file, "parquet", UNCOMPRESSED, notes)


def _unfit(what: str, example: dict[str, str]) -> TargetError:
    return TargetError(
        f'{what}, which dlt cannot mend: load the table anew with pipeline.run(source, refresh="drop_resources"), once, from a '
        f"source whose since= and schema= are as they are to be, such as schema={example}"
    )


def _marked(rows: Table, entry: Entry) -> pa.Table:
    for name in rows.column_names:
        if name.casefold() == DIGEST_COLUMN:
            message = f"the service has a column {name!r}, which is the name of a column of the source's own"
            raise TargetError(message)
    arrow = rows.to_arrow()
    own = {DIGEST_COLUMN: pa.scalar(number(entry.digest), pa.int64())}
    if entry.day is not None:
        own[DAY_COLUMN] = pa.scalar(entry.day, pa.date32())
    for name, value in own.items():
        arrow = arrow.append_column(name, pa.repeat(value, rows.num_rows))
    return arrow
