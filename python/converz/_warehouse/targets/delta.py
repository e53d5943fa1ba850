"""Tables of Delta Lake, in a folder or an object store, by deltalake."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from converz._frames.libraries import required
from converz._results.table import Table
from converz._warehouse.conforming import conform, widened
from converz._warehouse.entry import DAY_COLUMN, Entry, refuse_day_column, refuse_if_moved
from converz._warehouse.targets.clashes import refuse_clashes
from converz._warehouse.targets.sql import by_day, keys_query
from converz._warehouse.types import stored_types
from converz.errors import InvalidInputError, TargetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from converz._warehouse.entry import Day

__all__ = ["DeltaTarget"]

DIGITS = 15
"""Hexadecimal digits of a digest that fit a number of the log."""

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001

COLOURS = re.compile(r"\x1b\[[0-9;]*m")
"""What an object store's errors are written with, for terminals."""

KINDS = {"uint64": "string", "json": "string"}
"""Types that Delta has not: their text."""


class DeltaTarget:
    """Tables of Delta Lake, partitioned by day. The lines of the ledger are numbers in the log, of the same commit.

    A number in the log is the latest version of an application: each field of each day's line is one.
    """

    def __init__(self, location: str) -> None:
        self._delta = required("deltalake", "sync", extra="delta")
        self._location = location.rstrip("/")

    def __repr__(self) -> str:
        return f"delta:{self._location}"

    def ledger(self, table: str, days: Iterable[Day] | None = None) -> dict[Day, Entry]:
        """Return the lines of a table."""
        stored = self._stored(table)
        return {} if stored is None else _ledger(stored, days)

    def schema(self, table: str) -> dict[str, str]:
        """Return the stored columns of a table."""
        stored = self._stored(table)
        return {} if stored is None else _types(stored)

    def replace(self, table: str, days: Mapping[Day, Table], entries: Iterable[Entry]) -> None:
        """Replace days in one commit, which is tried once more where another one came between."""
        entries = list(entries)
        refuse_day_column(days.values())
        try:
            try:
                self._replace(table, days, entries)
            except self._delta.exceptions.CommitFailedError:
                # The ledger is read again, and says whether the other one wrote the same days.
                self._replace(table, days, entries)
        except (self._delta.exceptions.DeltaError, OSError) as error:
            message = f"{self!r}: {COLOURS.sub('', str(error))}"
            raise TargetError(message) from error

    def _replace(self, table: str, days: Mapping[Day, Table], entries: list[Entry]) -> None:
        stored = self._stored(table)
        ledger = {} if stored is None else _ledger(stored, [entry.day for entry in entries])
        refuse_if_moved(ledger, entries)
        if stored is not None and _first(stored) is None:
            message = f"{self!r}/{table} was not made by a sync: rename it, or name another target, since a sync replaces rows"
            raise TargetError(message)
        self._write(table, stored, days, self._properties(stored, entries))

    def keys(self, table: str, key: str, days: Iterable[Day]) -> dict[Day, list[Any]]:
        """Return the keys of the rows of days."""
        found = self._asked(self._stored(table), keys_query("stored", key, days)).to_pydict()
        return by_day(days, zip(found["day"], found["key"], strict=True))

    def _stored(self, table: str) -> Any | None:
        where = f"{self._location}/{table}"
        try:
            return self._delta.DeltaTable(where) if self._delta.DeltaTable.is_deltatable(where) else None
        except (self._delta.exceptions.DeltaError, OSError) as error:
            message = f"{self!r}: {COLOURS.sub('', str(error))}"
            raise TargetError(message) from error

    def _asked(self, stored: Any, query: str) -> Table:
        return Table(self._delta.QueryBuilder().register("stored", stored).execute(query))

    def _write(self, table: str, stored: Any | None, days: Mapping[Day, Table], properties: Any) -> None:
        by_day = None not in days
        columns = {} if stored is None else _types(stored)
        into = conform(columns, days, lambda name, kind: self._fits(stored, name, kind))
        schema = {name: KINDS.get(kind, kind) for name, kind in into.schema.items()}
        refuse_clashes(self, table, schema)
        rows = [_dated(widened(each, schema), day) for day, each in into.days.items()]
        options: dict[str, Any] = {"mode": "overwrite", "commit_properties": properties}
        if stored is None:
            options |= {"partition_by": [DAY_COLUMN] if by_day else None}
        elif not days:
            # No row: for the sake of its line in the log.
            rows = [self._asked(stored, "SELECT * FROM stored LIMIT 0")]
            options["mode"] = "append"
        elif by_day:
            listed = ", ".join(f"'{day}'" for day in days)
            if any(schema[name] != kind for name, kind in columns.items()):
                # A format that does not widen columns: all rows once more, in the same commit.
                others = self._asked(
                    stored, f"SELECT * FROM stored WHERE arrow_cast({DAY_COLUMN}, 'Utf8') NOT IN ({listed})"
                )
                dated = {**schema, DAY_COLUMN: "date32"}
                rows = [widened(others, dated), *(widened(each, dated) for each in rows)]
                options["schema_mode"] = "overwrite"
            else:
                options |= {"predicate": f"{DAY_COLUMN} IN ({listed})", "schema_mode": "merge"}
        else:
            options["schema_mode"] = "overwrite"
        batches = [batch for each in rows for batch in each.to_batches() if batch.num_rows]
        self._delta.write_deltalake(
            f"{self._location}/{table}" if stored is None else stored, batches or rows[0], **options
        )

    def _fits(self, stored: Any, name: str, kind: str) -> bool:
        column = '"' + name.replace('"', '""') + '"'
        values = self._asked(stored, f"SELECT DISTINCT {column} AS value FROM stored")
        try:
            widened(values, {"value": kind})
        except InvalidInputError:
            return False
        return True

    def _properties(self, stored: Any | None, entries: list[Entry]) -> Any:
        numbers: dict[str, int] = {}
        days = [entry.day.toordinal() for entry in entries if entry.day]
        for name, choose in (("first", min), ("last", max)):
            before = None if stored is None else stored.transaction_version(_id(name))
            known = [*days, *([before] if before else [])]
            numbers[_id(name)] = choose(known) if known else 0
        for entry in entries:
            numbers |= {
                _id("fingerprint"): _number(entry.fingerprint),
                _id("digest", entry.day): _number(entry.digest),
                _id("keys", entry.day): _number(entry.keys) if entry.keys else -1,
                _id("rows", entry.day): entry.rows,
                _id("read", entry.day): _moment(entry.read_at),
                _id("changed", entry.day): _moment(entry.changed_at) if entry.changed_at else 0,
                _id("swept", entry.day): _moment(entry.swept_at) if entry.swept_at else 0,
            }
        of_log = self._delta.Transaction
        return self._delta.CommitProperties(
            # Its own attempts would not look at the ledger again, and add a table to one that was made meanwhile.
            max_commit_retries=0,
            app_transactions=[of_log(name, number) for name, number in numbers.items()],
        )


def _id(name: str, day: Day | str = "all") -> str:
    return f"converz:{name}:{day}"


def _number(digest: str) -> int:
    return int(digest[:DIGITS], 16)


def _moment(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


def _first(stored: Any) -> int | None:
    number: int | None = stored.transaction_version(_id("first"))
    return number


def _ledger(stored: Any, days: Iterable[Day] | None) -> dict[Day, Entry]:
    first = _first(stored)
    if first is None:
        return {}
    if days is None:
        last = stored.transaction_version(_id("last"))
        days = [None, *(date.fromordinal(day) for day in range(first, last + 1) if day)]
    fingerprint = stored.transaction_version(_id("fingerprint"))
    found: dict[Day, Entry] = {}
    for day in days:
        read_at = stored.transaction_version(_id("read", day))
        if read_at is not None:
            rows, digest, keys, changed, swept = (
                stored.transaction_version(_id(name, day))
                for name in ("rows", "digest", "keys", "changed", "swept")
            )
            found[day] = Entry(
                day,
                f"{fingerprint:0{DIGITS}x}",
                rows,
                f"{digest:0{DIGITS}x}",
                "" if keys < 0 else f"{keys:0{DIGITS}x}",
                EPOCH + timedelta(microseconds=read_at),
                EPOCH + timedelta(microseconds=changed) if changed else None,
                swept_at=EPOCH + timedelta(microseconds=swept) if swept else None,
            )
    return found


def _types(stored: Any) -> dict[str, str]:
    types = stored_types(Table(stored.schema().to_arrow().empty_table()).schema)
    types.pop(DAY_COLUMN, None)
    return types


def _dated(rows: Table, day: Day) -> Table:
    return rows if day is None else Table(rows._core.dated(DAY_COLUMN, day))
