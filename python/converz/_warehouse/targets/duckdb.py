"""A DuckDB file, or an open connection of its library."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from converz._frames.libraries import required
from converz._results.table import Table
from converz._warehouse.entry import DAY_COLUMN, LEDGER, refuse_day_column, refuse_if_moved
from converz._warehouse.result import table_of
from converz._warehouse.targets.clashes import refuse_clashes
from converz._warehouse.targets.sql import (
    FIELDS,
    by_day,
    entries_of,
    kept_fields,
    keys_query,
    known_types,
    lacking_columns,
    ledger_query,
    quoted,
    write_rows,
)
from converz.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from converz._warehouse.entry import Day, Entry

__all__ = ["DuckDBTarget"]

TYPES = {
    "bool": "BOOLEAN",
    "int64": "BIGINT",
    "uint64": "UBIGINT",
    "float64": "DOUBLE",
    "string": "VARCHAR",
    "json": "JSON",
    "date32": "DATE",
    "timestamp[us]": "TIMESTAMP",
    "timestamp[us, UTC]": "TIMESTAMP WITH TIME ZONE",
}
STORED = {kind: name for name, kind in TYPES.items()}

ROWS = "_converz_rows"
"""The name that rows have in queries."""

PAUSE = 0.05
"""Seconds between two attempts to open a file that another process has open."""


class DuckDBTarget:
    """Tables of a DuckDB database. Names differ in more than case there.

    A file is only open while it is read or written, in short turns, since readers are shut out while a writer has it open.
    """

    def __init__(self, database: Any, lock_timeout: float) -> None:
        self._duckdb = required("duckdb", "sync")
        self._database = database
        self._is_path = isinstance(database, str | os.PathLike)
        self._lock_timeout = lock_timeout

    def __repr__(self) -> str:
        return f"{os.fspath(self._database)}" if self._is_path else "the DuckDB connection"

    def ledger(self, table: str, days: Iterable[Day] | None = None) -> dict[Day, Entry]:
        """Return the lines of a table."""
        with self._connected(writes=False) as connection:
            return {} if connection is None else self._ledger(connection, table, days)

    def schema(self, table: str) -> dict[str, str]:
        """Return the stored columns of a table."""
        with self._connected(writes=False) as connection:
            return {} if connection is None else self._schema(connection, table)

    def replace(self, table: str, days: Mapping[Day, Table], entries: Iterable[Entry]) -> None:
        """Replace days in one transaction."""
        entries = list(entries)
        refuse_day_column(days.values())
        with self._connected(writes=True) as connection, self._transaction(connection):
            known = bool(self._ledger(connection, table, None))
            self._write_ledger(connection, table, entries)
            if days:
                write_rows(_Transaction(self, connection), self, table, days, known=known)

    def keys(self, table: str, key: str, days: Iterable[Day]) -> dict[Day, list[Any]]:
        """Return the keys of the rows of days."""
        with self._connected(writes=False) as connection:
            found = connection.execute(keys_query(table, key, days)).fetchall()
        return by_day(days, found)

    @contextmanager
    def _connected(self, *, writes: bool) -> Iterator[Any]:
        if not self._is_path:
            yield self._database
            return
        path = os.fspath(self._database)
        if not writes and not os.path.exists(path):  # noqa: PTH110
            yield None
            return
        connection = self._opened(path, writes=writes)
        try:
            yield connection
        finally:
            connection.close()

    def _opened(self, path: str, *, writes: bool) -> Any:
        duckdb = self._duckdb
        until = time.monotonic() + self._lock_timeout
        while True:
            try:
                return duckdb.connect(path, read_only=not writes)
            except duckdb.ConnectionException:
                # This process has it open for writing already.
                if writes:
                    raise
                writes = True
            except duckdb.IOException as error:
                if "lock" not in str(error):
                    message = f"{path}: {error}"
                    raise TargetError(message) from error
                if time.monotonic() >= until:
                    message = (
                        f"{path} is open in another process, which did not close it within lock_timeout="
                        f"{self._lock_timeout:g} seconds: close it there, or raise lock_timeout ({error})"
                    )
                    raise TargetError(message) from error
                time.sleep(PAUSE)

    @contextmanager
    def _transaction(self, connection: Any) -> Iterator[None]:
        try:
            connection.execute("BEGIN TRANSACTION")
        except self._duckdb.TransactionException as error:
            message = (
                "the connection is in the middle of a transaction: commit it or roll it back before a sync"
            )
            raise TargetError(message) from error
        try:
            yield
            connection.execute("COMMIT")
        except self._duckdb.Error as error:
            _roll_back(connection)
            message = f"{self!r}: {error}"
            raise TargetError(message) from error
        except BaseException:
            _roll_back(connection)
            raise

    def _ledger(self, connection: Any, table: str, days: Iterable[Day] | None) -> dict[Day, Entry]:
        names = kept_fields(_columns(connection, LEDGER))
        if not names:
            return {}
        lines = connection.execute(ledger_query(names, "?"), [table]).fetchall()
        return entries_of(names, lines, days)

    def _write_ledger(self, connection: Any, table: str, entries: list[Entry]) -> None:
        columns = ", ".join(f"{quoted(name)} {TYPES[kind]}" for name, kind in FIELDS.items())
        connection.execute(f"CREATE TABLE IF NOT EXISTS {LEDGER} ({columns})")
        days = [entry.day for entry in entries]
        refuse_if_moved(self._ledger(connection, table, days), entries)
        for command in lacking_columns(_columns(connection, LEDGER), TYPES):
            connection.execute(command)
        connection.execute(
            f'DELETE FROM {LEDGER} WHERE "table" = ? AND (list_contains(?::DATE[], day) OR (day IS NULL AND ?))',
            [table, [day for day in days if day], None in days],
        )
        lines = [[table, *(getattr(entry, name) for name in FIELDS if name != "table")] for entry in entries]
        # As a table: one by one, the lines of a year take a tenth of the time that reading them took.
        with _registered(connection, table_of(FIELDS, lines)) as view:
            connection.execute(f"INSERT INTO {LEDGER} BY NAME SELECT * FROM {view}")

    def _schema(self, connection: Any, table: str) -> dict[str, str]:
        columns = _columns(connection, table)
        columns.pop(DAY_COLUMN, None)
        return known_types(columns, STORED)


class _Transaction:
    """What `write_rows` needs of a connection."""

    types = TYPES
    widest = "HUGEINT"
    # Its blocks of rows know their least and their greatest day.
    indexed = False

    def __init__(self, target: DuckDBTarget, connection: Any) -> None:
        self._target, self._connection = target, connection

    def run(self, command: str) -> None:
        self._connection.execute(command)

    def asked(self, query: str) -> Table:
        return Table(self._connection.sql(query))

    def columns(self, table: str) -> dict[str, str]:
        return _columns(self._connection, table)

    def check(self, table: str, names: Iterable[str]) -> None:
        refuse_clashes(self._target, table, names)

    def insert(self, table: str, rows: Table, _: Mapping[str, str]) -> None:
        listed = ", ".join(quoted(name) for name in rows.column_names)
        with _registered(self._connection, rows) as view:
            self.run(f"INSERT INTO {quoted(table)} ({listed}) SELECT {listed} FROM {view}")

    def update_texts(self, table: str, column: str, texts: Table) -> None:
        name = quoted(column)
        with _registered(self._connection, texts) as view:
            self.run(f"UPDATE {quoted(table)} SET {name} = v.text FROM {view} v WHERE {name} = v.now")


def _columns(connection: Any, table: str) -> dict[str, str]:
    found = connection.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? AND "
        "database_name = current_database() AND schema_name = current_schema() ORDER BY column_index",
        [table],
    )
    return dict(found.fetchall())


@contextmanager
def _registered(connection: Any, table: Table) -> Iterator[str]:
    """Have a table under a name in the connection's queries."""
    connection.register(ROWS, table)
    # Where that fails, rolling back lets go of it: a transaction that an error has ended refuses, and would hide the error.
    yield ROWS
    connection.unregister(ROWS)


def _roll_back(connection: Any) -> None:
    with suppress(Exception):
        connection.execute("ROLLBACK")
