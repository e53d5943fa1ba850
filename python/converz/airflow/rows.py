"""Rows for an update: of a query, or of a file."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook, ObjectStoragePath

from converz import InvalidInputError, Table, _core
from converz._frames.libraries import required
from converz._results.file_endings import FORMATS, READ, format_of
from converz.airflow.target import named_target

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["rows_of_file", "rows_of_query"]


def rows_of_file(path: Any, key: str, schema: Mapping[str, str] | None) -> Table:
    """Read a file by its name's end, wherever it is."""
    form = format_of(path, READ)
    if form is None:
        known = ", ".join(f".{each}" for each in FORMATS)
        message = f"path={str(path)!r:.80} is of no known kind: it must end with {known}"
        raise InvalidInputError(message)
    data = ObjectStoragePath(str(path)).read_bytes()
    table = _core.read_file(data, form.kind, key=key, types=dict(schema) if schema else None)
    return Table._from_core(table)


def rows_of_query(source: str, sql: str) -> object:
    """Ask a database: by Arrow where it can, and else by Airflow's hook."""
    named = _named(source)
    if isinstance(named, str) and named.startswith(("postgresql:", "postgres:")):
        dbapi = required("adbc_driver_postgresql.dbapi", "ConverzUpdateOperator", extra="postgresql")
        with closing(dbapi.connect(named)) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return Table(cursor.fetch_arrow())
    if isinstance(named, str):
        duckdb = required("duckdb", "ConverzUpdateOperator")
        with closing(duckdb.connect(named.removeprefix("duckdb:"), read_only=True)) as connection:
            return Table(connection.sql(sql))
    return named.run(sql, handler=_columns)


def _named(source: str) -> Any:
    try:
        return named_target(source)
    except InvalidInputError:
        # No target, but a database all the same.
        return BaseHook.get_hook(source)


def _columns(cursor: Any) -> dict[str, list[Any]]:
    names = [each[0] for each in cursor.description]
    rows = cursor.fetchall()
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}
