"""Tables of Iceberg, in whatever catalogue pyiceberg is configured for."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from converz._frames.libraries import required
from converz._results.table import Table
from converz._warehouse.conforming import conform, widened
from converz._warehouse.entry import DAY_COLUMN, Entry, refuse_day_column, refuse_if_moved
from converz._warehouse.targets.clashes import refuse_clashes
from converz._warehouse.targets.passwords import without_passwords
from converz._warehouse.targets.sql import by_day, refuse_others, stored_types
from converz.errors import ConverzError, InvalidInputError, TargetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from converz._warehouse.entry import Day

__all__ = ["IcebergTarget"]

KINDS = {"uint64": "string", "json": "string"}
"""Types that Iceberg has not: their text."""

STORED = {
    "boolean": "bool",
    "long": "int64",
    "double": "float64",
    "string": "string",
    "date": "date32",
    "timestamp": "timestamp[us]",
    "timestamptz": "timestamp[us, UTC]",
}

PREFIX = "converz."
"""Properties of the table that begin so are lines of the ledger, one a day, and the fingerprint of all of them."""

FINGERPRINT = PREFIX + "fingerprint"

NONE = "-"

SETTINGS = {
    # Its own attempts would not look at the ledger again.
    "commit.retry.num-retries": "0",
    # A run a night for years would leave a file each.
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
}


class IcebergTarget:
    """Tables of Iceberg, partitioned by day. The lines of the ledger are properties of the table, set in the same commit.

    Every commit is a snapshot that stands upon the one that was there when its lines were compared, and is refused where
    another one came between.
    """

    def __init__(self, name: str) -> None:
        self._name, _, self._namespace = name.partition(".")
        if not self._name or not self._namespace:
            message = f"target={'iceberg:' + name!r:.80} is not a catalogue and a namespace, such as 'iceberg:default.sales'"
            raise InvalidInputError(message)
        required("pyiceberg", "sync", extra="iceberg")
        self._arrow = required("pyarrow", "sync", extra="iceberg")
        self._settings: dict[str, Any] = {}
        self._opened: Any = None

    def __repr__(self) -> str:
        return f"iceberg:{self._name}.{self._namespace}"

    def ledger(self, table: str, days: Iterable[Day] | None = None) -> dict[Day, Entry]:
        """Return the lines of a table."""
        with self._said():
            return _ledger(self._stored(table), days)

    def schema(self, table: str) -> dict[str, str]:
        """Return the stored columns of a table."""
        with self._said():
            return self._types(table, self._stored(table))

    def replace(self, table: str, days: Mapping[Day, Table], entries: Iterable[Entry]) -> None:
        """Replace days in one commit, which is tried once more where another one came between."""
        from pyiceberg.exceptions import CommitFailedException

        entries = list(entries)
        refuse_day_column(days.values())
        with self._said():
            try:
                self._replace(table, days, entries)
            except CommitFailedException:
                # The ledger is read again, and says whether the other one wrote the same days.
                self._replace(table, days, entries)

    def keys(self, table: str, key: str, days: Iterable[Day]) -> dict[Day, list[Any]]:
        """Return the keys of the rows of days."""
        columns = (key,) if None in days else (DAY_COLUMN, key)
        with self._said():
            found = self._read(self._stored(table), _of(days), *columns).to_pydict()
        keys: list[Any] = found[key]
        return by_day(days, zip(found.get(DAY_COLUMN) or [None] * len(keys), keys, strict=True))

    @contextmanager
    def _said(self) -> Iterator[None]:
        """Have errors be ours, whichever library of a catalogue or a store they are of."""
        try:
            yield
        except ConverzError:
            raise
        except Exception as error:
            said = without_passwords(str(error), self._settings)
            message = f"{self!r}: {said}"
            if said != str(error):
                # A traceback would show its own text.
                raise TargetError(message) from None
            raise TargetError(message) from error

    def _catalog(self) -> Any:
        from pyiceberg.catalog import load_catalog
        from pyiceberg.utils.config import Config

        if self._opened is None:
            # As it is configured now: the library looks when it is imported.
            self._settings = dict(Config().get_catalog_config(self._name) or {})
            if not self._settings:
                message = (
                    f"{self!r}: no catalogue {self._name!r} is configured: name one in .pyiceberg.yaml, or by "
                    f"PYICEBERG_CATALOG__{self._name.upper()}__URI and the like in the environment"
                )
                raise TargetError(message)
            try:
                self._opened = load_catalog(self._name, **self._settings)
            except Exception as error:
                # Two that are the first to use a catalogue in a database both make its tables, and the second may fail.
                if "already exists" not in str(error):
                    raise
                self._opened = load_catalog(self._name, **self._settings)
        return self._opened

    def _stored(self, table: str) -> Any | None:
        from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError

        try:
            return self._catalog().load_table(f"{self._namespace}.{table}")
        except (NoSuchTableError, NoSuchNamespaceError):
            return None

    def _types(self, table: str, stored: Any | None) -> dict[str, str]:
        if stored is None:
            return {}
        columns = {field.name: str(field.field_type) for field in stored.schema().fields}
        columns.pop(DAY_COLUMN, None)
        return stored_types(self, table, columns, STORED)

    def _read(self, stored: Any, where: Any, *columns: str) -> Table:
        return Table(stored.scan(row_filter=where, selected_fields=columns or ("*",)).to_arrow())

    def _replace(self, table: str, days: Mapping[Day, Table], entries: list[Entry]) -> None:
        stored = self._stored(table)
        refuse_if_moved(_ledger(stored, [entry.day for entry in entries]), entries)
        if stored is not None and FINGERPRINT not in stored.properties:
            refuse_others(self, table)
        columns = self._types(table, stored)
        into = conform(columns, days, lambda name, kind: self._fits(stored, name, kind))
        schema = {name: KINDS.get(kind, kind) for name, kind in into.schema.items()}
        refuse_clashes(self, table, schema)
        dated = schema if None in days else {**schema, DAY_COLUMN: "date32"}
        rows = [
            each if day is None else Table(each._core.dated(DAY_COLUMN, day))
            for day, each in ((day, widened(each, schema)) for day, each in into.days.items())
        ]
        changes = [name for name, kind in columns.items() if schema[name] != kind]
        where = _of(days)
        if changes:
            # A format that does not widen columns: all rows once more, in the same commit.
            from pyiceberg.expressions import AlwaysTrue, Not

            rows.insert(0, widened(self._read(stored, Not(where)), dated))
            where = AlwaysTrue()
        with self._transaction(table, stored, dated) as change:
            if stored is not None and days:
                change.delete(where)
            if stored is not None:
                _alter(change, columns, schema, changes)
            # Without rows, a snapshot all the same, by which another commit is told from this one.
            empty = change.table_metadata.schema().as_arrow().empty_table()
            change.append(self._together(rows) if rows else empty)
            change.set_properties(_lines(entries))

    @contextmanager
    def _transaction(self, table: str, stored: Any | None, schema: Mapping[str, str]) -> Iterator[Any]:
        with warnings.catch_warnings():
            # Of days that had no row.
            warnings.filterwarnings("ignore", "Delete operation did not match any records")
            if stored is not None:
                with stored.transaction() as change:
                    yield change
                return
            catalog, name = self._catalog(), f"{self._namespace}.{table}"
            catalog.create_namespace_if_not_exists(self._namespace)
            with catalog.create_table_transaction(name, _schema(schema), properties=SETTINGS) as change:
                if DAY_COLUMN in schema:
                    with change.update_spec() as partitions:
                        partitions.add_identity(DAY_COLUMN)
                yield change

    def _together(self, rows: list[Table]) -> Any:
        return self._arrow.concat_tables([self._arrow.table(each) for each in rows])

    def _fits(self, stored: Any, name: str, kind: str) -> bool:
        from pyiceberg.expressions import AlwaysTrue

        try:
            widened(self._read(stored, AlwaysTrue(), name), {name: kind})
        except InvalidInputError:
            return False
        return True


def _of(days: Iterable[Day]) -> Any:
    """The rows of days; all, of a table without."""
    from pyiceberg.expressions import AlwaysTrue, In

    listed = list(days)
    # Its own types know it by the names that it has in JSON only.
    among: Any = In
    return AlwaysTrue() if None in listed else among(DAY_COLUMN, listed)


def _schema(schema: Mapping[str, str]) -> Any:
    from pyiceberg.schema import Schema
    from pyiceberg.types import NestedField

    kinds = _kinds()
    columns = enumerate(schema.items(), 1)
    return Schema(
        *(NestedField(number, name, kinds[kind], required=False) for number, (name, kind) in columns)
    )


def _kinds() -> dict[str, Any]:
    from pyiceberg import types

    found = (
        types.BooleanType(),
        types.LongType(),
        types.DoubleType(),
        types.StringType(),
        types.DateType(),
        types.TimestampType(),
        types.TimestamptzType(),
    )
    return {STORED[str(kind)]: kind for kind in found}


def _alter(change: Any, columns: Mapping[str, str], schema: Mapping[str, str], changes: list[str]) -> None:
    """Give the table its new columns, and those that changed their type their place."""
    new = [name for name in schema if name not in columns]
    if not changes and not new:
        return
    kinds = _kinds()
    with change.update_schema() as table:
        for name in changes:
            # A column of its own, so that nobody reads what older snapshots have of it as the new type.
            table.delete_column((name,))
        for name in [*changes, *new]:
            table.add_column((name,), kinds[schema[name]])
    with change.update_schema() as table:
        before = None
        for name in schema if changes else ():
            if name in changes and before is None:
                table.move_first((name,))
            elif name in changes:
                table.move_after((name,), (before,))
            before = name


def _lines(entries: Iterable[Entry]) -> dict[str, str]:
    lines = {}
    for entry in entries:
        lines[FINGERPRINT] = entry.fingerprint
        moments = (
            moment.isoformat() if moment else NONE
            for moment in (entry.read_at, entry.changed_at, entry.swept_at)
        )
        fields = (str(entry.rows), entry.digest, entry.keys or NONE, *moments)
        lines[PREFIX + (entry.day.isoformat() if entry.day else "all")] = " ".join(fields)
    return lines


def _ledger(stored: Any | None, days: Iterable[Day] | None) -> dict[Day, Entry]:
    wanted = None if days is None else set(days)
    found: dict[Day, Entry] = {}
    if stored is None:
        return found
    for name, value in stored.properties.items():
        if not name.startswith(PREFIX) or name == FINGERPRINT:
            continue
        text = name.removeprefix(PREFIX)
        try:
            day = None if text == "all" else date.fromisoformat(text)
        except ValueError:
            # Of a later version.
            continue
        if wanted is None or day in wanted:
            # A version before has fewer moments, a later one may have more.
            fields: list[str] = [*value.split(" "), NONE]
            rows, digest, keys, read_at, changed, swept = fields[:6]
            found[day] = Entry(
                day,
                stored.properties[FINGERPRINT],
                int(rows),
                digest,
                "" if keys == NONE else keys,
                datetime.fromisoformat(read_at),
                None if changed == NONE else datetime.fromisoformat(changed),
                swept_at=None if swept == NONE else datetime.fromisoformat(swept),
            )
    return found
