"""A PostgreSQL database, by ADBC."""

from __future__ import annotations

import zlib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from converz import _core
from converz._frames.libraries import required
from converz._results.table import Table
from converz._warehouse.entry import DAY_COLUMN, LEDGER, refuse_day_column, refuse_if_moved
from converz._warehouse.result import table_of
from converz._warehouse.targets.passwords import without_passwords
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
from converz.errors import InvalidInputError, TargetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from converz._warehouse.entry import Day, Entry

__all__ = ["PostgreSQLTarget"]

TYPES = {
    "bool": "boolean",
    "int64": "bigint",
    "uint64": "numeric",
    "float64": "double precision",
    "string": "text",
    "json": "json",
    "date32": "date",
    "timestamp[us]": "timestamp without time zone",
    "timestamp[us, UTC]": "timestamp with time zone",
}
STORED = {kind: name for name, kind in TYPES.items()}

BY_TEXT = {"uint64", "json"}
"""What comes as text and is cast, since the wire has no form of it that Arrow has."""

LONGEST = 63
"""Bytes of a name: PostgreSQL cuts longer ones without a word."""

LOCK = zlib.crc32(LEDGER.encode())
"""What writers wait for, and readers do not."""


class PostgreSQLTarget:
    """Tables of a PostgreSQL database, in the schema that is first in the search path. Readers never wait."""

    def __init__(self, url: str, lock_timeout: float) -> None:
        self._dbapi = required("adbc_driver_postgresql.dbapi", "sync", extra="postgresql")
        self._url = url
        self._lock_timeout = lock_timeout

    def __repr__(self) -> str:
        return shown(self._url)

    def ledger(self, table: str, days: Iterable[Day] | None = None) -> dict[Day, Entry]:
        """Return the lines of a table."""
        with self._transaction() as cursor:
            return _ledger(cursor, table, days)

    def schema(self, table: str) -> dict[str, str]:
        """Return the stored columns of a table."""
        with self._transaction() as cursor:
            return self._schema(cursor, table)

    def replace(self, table: str, days: Mapping[Day, Table], entries: Iterable[Entry]) -> None:
        """Replace days in one transaction."""
        entries = list(entries)
        refuse_day_column(days.values())
        with self._transaction() as cursor:
            # Before anything is looked at: what is seen then is what is there until the end.
            cursor.execute(f"SET LOCAL lock_timeout = {int(self._lock_timeout * 1000) or 1}")
            # No SELECT, whose errors come when its rows are fetched.
            cursor.execute(f"DO $$ BEGIN PERFORM pg_advisory_xact_lock({LOCK}); END $$")
            known = bool(_ledger(cursor, table, None))
            _write_ledger(cursor, table, entries)
            if days:
                write_rows(_Transaction(cursor), self, table, days, known=known)

    def keys(self, table: str, key: str, days: Iterable[Day]) -> dict[Day, list[Any]]:
        """Return the keys of the rows of days."""
        with self._transaction() as cursor:
            found = _asked(cursor, keys_query(table, key, days)).to_pydict()
        return by_day(days, zip(found["day"], found["key"], strict=True))

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        driver = self._dbapi
        try:
            connection = driver.connect(self._url)
        except driver.Error as error:
            message = f"{self!r} cannot be opened: {without_passwords(str(error), {'url': self._url})}"
            raise TargetError(message) from None
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL datestyle = 'ISO, YMD'")
                yield cursor
            connection.commit()
        except driver.Error as error:
            message = f"{self!r}: {without_passwords(str(error), {'url': self._url})}"
            for what in ("view", "generated column"):
                if f"used by a {what}" in message:
                    message += f": the column has to become of another type, so drop the {what}, run the sync, and create it again"
            if "lock timeout" in message:
                message += f": another sync did not end within lock_timeout={self._lock_timeout:g} seconds"
            raise TargetError(message) from error
        finally:
            with suppress(driver.Error):
                connection.rollback()
            connection.close()

    def _schema(self, cursor: Any, table: str) -> dict[str, str]:
        columns = _columns(cursor, table)
        columns.pop(DAY_COLUMN, None)
        return known_types(columns, STORED)


class _Transaction:
    """What `write_rows` needs of a connection."""

    types = TYPES
    widest = "numeric"
    indexed = True

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def run(self, command: str) -> None:
        self._cursor.execute(command)

    def asked(self, query: str) -> Table:
        return _asked(self._cursor, query)

    def columns(self, table: str) -> dict[str, str]:
        return _columns(self._cursor, table)

    def check(self, table: str, names: Iterable[str]) -> None:
        for name in names:
            if len(name.encode()) > LONGEST:
                message = f"the name of column {name!r:.80} of {table} has more than the {LONGEST} bytes of PostgreSQL's names"
                raise TargetError(message)

    def insert(self, table: str, rows: Table, schema: Mapping[str, str]) -> None:
        by_text = [name for name, kind in schema.items() if kind in BY_TEXT]
        if not by_text:
            self._cursor.adbc_ingest(table, rows, mode="append")
            return
        kinds = dict(rows.schema) | dict.fromkeys(by_text, "string")
        rows = Table(rows._core.widen(_core.Schema(kinds)))
        into = ", ".join(quoted(name) for name in kinds)
        cast = ", ".join(
            quoted(name) + (f"::{TYPES[schema[name]]}" if name in by_text else "") for name in kinds
        )
        with self._beside(rows) as beside:
            self.run(f"INSERT INTO {quoted(table)} ({into}) SELECT {cast} FROM {beside}")

    def update_texts(self, table: str, column: str, texts: Table) -> None:
        name = quoted(column)
        with self._beside(texts) as beside:
            self.run(f"UPDATE {quoted(table)} SET {name} = v.text FROM {beside} v WHERE {name} = v.now")

    @contextmanager
    def _beside(self, rows: Table) -> Iterator[str]:
        """Have rows in a table of the transaction's own."""
        self._cursor.adbc_ingest("_converz_rows", rows, mode="create", temporary=True)
        yield "pg_temp._converz_rows"
        self.run("DROP TABLE pg_temp._converz_rows")


def shown(url: str) -> str:
    """Return a URL without its user and password."""
    parts = urlsplit(url)
    return f"postgresql://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _asked(cursor: Any, query: str) -> Table:
    cursor.execute(query)
    try:
        return Table(cursor.fetch_arrow())
    except InvalidInputError as error:
        raise TargetError(str(error)) from error


def _text(value: str) -> str:
    # With E, a backslash is one whatever the server's settings are.
    return "E'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _date(day: Day) -> str:
    return f"DATE '{day}'"


def _columns(cursor: Any, table: str) -> dict[str, str]:
    found = _asked(
        cursor,
        "SELECT column_name::text AS name, data_type::text AS kind FROM information_schema.columns "
        f"WHERE table_schema = current_schema() AND table_name = {_text(table)} ORDER BY ordinal_position",
    ).to_pydict()
    return dict(zip(found["name"], found["kind"], strict=True))


def _ledger(cursor: Any, table: str, days: Iterable[Day] | None) -> dict[Day, Entry]:
    names = kept_fields(_columns(cursor, LEDGER))
    if not names:
        return {}
    lines = _asked(cursor, ledger_query(names, _text(table))).to_pydict()
    return entries_of(names, zip(*(lines[name] for name in names), strict=True), days)


def _write_ledger(cursor: Any, table: str, entries: list[Entry]) -> None:
    if not _columns(cursor, LEDGER):
        columns = ", ".join(f"{quoted(name)} {TYPES[kind]}" for name, kind in FIELDS.items())
        cursor.execute(f"CREATE TABLE {LEDGER} ({columns})")
    refuse_if_moved(_ledger(cursor, table, [entry.day for entry in entries]), entries)
    if not entries:
        return
    for command in lacking_columns(_columns(cursor, LEDGER), TYPES):
        cursor.execute(command)
    days = [entry.day for entry in entries]
    where = f"day IN ({', '.join(_date(day) for day in days)})" if None not in days else "day IS NULL"
    cursor.execute(f'DELETE FROM {LEDGER} WHERE "table" = {_text(table)} AND {where}')
    lines = [[table, *(getattr(entry, name) for name in FIELDS if name != "table")] for entry in entries]
    cursor.adbc_ingest(LEDGER, table_of(FIELDS, lines), mode="append")
