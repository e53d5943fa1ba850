"""What targets that speak SQL have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from converz._results.table import Table
from converz._warehouse.conforming import conform, widened
from converz._warehouse.entry import DAY_COLUMN, LEDGER, Entry
from converz.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from converz._warehouse.entry import Day

__all__ = [
    "FIELDS",
    "Database",
    "by_day",
    "entries_of",
    "kept_fields",
    "keys_query",
    "known_types",
    "lacking_columns",
    "ledger_query",
    "quoted",
    "refuse_others",
    "stored_types",
    "write_rows",
]

FIELDS = {
    "table": "string",
    "day": "date32",
    "fingerprint": "string",
    "rows": "int64",
    "digest": "string",
    "keys": "string",
    "read_at": "timestamp[us]",
    "changed_at": "timestamp[us]",
    "swept_at": "timestamp[us]",
}
"""The columns of the ledger."""

OWN_TEXT = {"bool", "int64", "uint64", "json", "date32"}
"""What databases write as the table of types does, when it becomes text."""


class Database(Protocol):
    """A transaction of a database under way."""

    @property
    def types(self) -> Mapping[str, str]:
        """What it calls the types of stored columns."""

    @property
    def widest(self) -> str:
        """Its type of whole numbers that every other fits."""

    @property
    def indexed(self) -> bool:
        """Whether an index finds the rows of a day faster."""

    def run(self, command: str) -> None:
        """Run a command without a result."""

    def asked(self, query: str) -> Table:
        """Return what a query gives."""

    def columns(self, table: str) -> dict[str, str]:
        """Return the stored columns and their types in its own words; nothing if there is no such table."""

    def check(self, table: str, names: Iterable[str]) -> None:
        """Refuse names that it cannot have, or cannot tell apart."""

    def insert(self, table: str, rows: Table, schema: Mapping[str, str]) -> None:
        """Insert rows, with the day among their columns where the table has it."""

    def update_texts(self, table: str, column: str, texts: Table) -> None:
        """Put the text of a row of `texts` in place of what the column has now, which is its `now`."""


def quoted(name: str) -> str:
    """Return a name as SQL has it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def kept_fields(columns: Iterable[str]) -> list[str]:
    """Return the fields of a line that a ledger has columns of: one of another version has fewer or more of them."""
    there = set(columns)
    return [name for name in FIELDS if name != "table" and name in there]


def ledger_query(names: Iterable[str], table: str) -> str:
    """Return the query of the lines of a table, which it has as SQL writes it."""
    return f'SELECT {", ".join(map(quoted, names))} FROM {LEDGER} WHERE "table" = {table}'


def entries_of(
    names: Sequence[str], lines: Iterable[Iterable[Any]], days: Iterable[Day] | None
) -> dict[Day, Entry]:
    """Return the lines that a query gave, of some days or of all."""
    wanted = None if days is None else set(days)
    entries = [Entry(**dict(zip(names, line, strict=True))) for line in lines]
    return {entry.day: entry for entry in entries if wanted is None or entry.day in wanted}


def lacking_columns(columns: Iterable[str], types: Mapping[str, str]) -> list[str]:
    """Return the commands that give the ledger of a version before what it lacks."""
    there = set(columns)
    return [
        f"ALTER TABLE {LEDGER} ADD COLUMN {quoted(name)} {types[kind]}"
        for name, kind in FIELDS.items()
        if name not in there
    ]


def refuse_others(target: object, table: str) -> NoReturn:
    """Refuse a table of somebody else's, which is not ours to delete from."""
    message = f"{target!r} has a table {table} that no sync has made: rename it, or name another target, since a sync replaces rows"
    raise TargetError(message)


def keys_query(table: str, key: str, days: Iterable[Day]) -> str:
    """Return the query of the keys of days, each with its day."""
    listed = list(days)
    if None in listed:
        return f"SELECT NULL AS day, {quoted(key)} AS key FROM {quoted(table)}"
    among = ", ".join(f"DATE '{day}'" for day in listed)
    return f"SELECT {DAY_COLUMN} AS day, {quoted(key)} AS key FROM {quoted(table)} WHERE {DAY_COLUMN} IN ({among})"


def by_day(days: Iterable[Day], keys: Iterable[tuple[Day, Any]]) -> dict[Day, list[Any]]:
    """Put keys to their days, of which some may have none."""
    found: dict[Day, list[Any]] = {day: [] for day in days}
    for day, key in keys:
        found[day].append(key)
    return found


def stored_types(
    target: object, table: str, columns: Mapping[str, str], types: Mapping[str, str]
) -> dict[str, str]:
    """Return the types of stored columns in our words, of which `types` has those that a sync stores, by the target's."""
    refuse_kinds(target, table, columns, types)
    return known_types(columns, types)


def refuse_kinds(target: object, table: str, columns: Mapping[str, str], types: Mapping[str, str]) -> None:
    """Refuse columns that somebody gave a type of which a sync knows nothing."""
    for name, kind in columns.items():
        if kind not in types:
            message = (
                f"column {name!r} of table {table} of {target!r} is of {kind}, in which a sync stores nothing: change it "
                f"back, to {' or '.join(sorted(types))}"
            )
            raise TargetError(message)


def known_types(columns: Mapping[str, str], types: Mapping[str, str]) -> dict[str, str]:
    """Return the types of those columns that may be a sync's. Others are somebody's who has added them."""
    return {name: types[kind] for name, kind in columns.items() if kind in types}


def write_rows(
    database: Database, target: object, table: str, days: Mapping[Day, Table], *, known: bool
) -> None:
    """Put rows in place of those of their days, in a table that is made, widened and given columns as they need it."""
    by_day = None not in days
    there = database.columns(table)
    if there and not known:
        refuse_others(target, table)
    kinds = {kind: name for name, kind in database.types.items()}
    own = {name: kind for name, kind in there.items() if name != DAY_COLUMN}
    stored = known_types(own, kinds)
    into = conform(stored, days, lambda column, kind: _fits(database, table, column, kind))
    refuse_kinds(target, table, {each: own[each] for each in into.new(stored) if each in own}, kinds)
    database.check(table, [*own, *into.new(stored)])
    name = quoted(table)
    if not there:
        columns = [f"{quoted(each)} {database.types[kind]}" for each, kind in into.schema.items()]
        columns += [f"{DAY_COLUMN} date"] if by_day else []
        database.run(f"CREATE TABLE {name} ({', '.join(columns)})")
        if by_day and database.indexed:
            database.run(f"CREATE INDEX ON {name} ({DAY_COLUMN})")
    else:
        texts = {
            column: _widen(database, table, column, stored[column], kind)
            for column, kind in into.changes(stored).items()
        }
        for column, kind in into.new(stored).items():
            database.run(f"ALTER TABLE {name} ADD COLUMN {quoted(column)} {database.types[kind]}")
        # Last, since older DuckDBs change no column of a table whose rows the transaction has changed.
        for column, each in texts.items():
            if each is not None and each.num_rows:
                database.update_texts(table, column, each)
        listed = ", ".join(f"DATE '{day}'" for day in days)
        database.run(f"DELETE FROM {name}" + (f" WHERE {DAY_COLUMN} IN ({listed})" if by_day else ""))
    for day, rows in into.days.items():
        if rows.num_rows:
            # Not the columns that it lacks: they have what whoever added them wants them to have.
            there = {each: kind for each, kind in into.schema.items() if each in days[day].schema}
            came = widened(rows, there)
            database.insert(table, came if day is None else Table(came._core.dated(DAY_COLUMN, day)), there)


def _fits(database: Database, table: str, column: str, kind: str) -> bool:
    """Whether all stored numbers of a column are as well numbers of another type."""
    name = quoted(column)
    lost = f"abs({name}::{database.widest}) >= 9007199254740992" if kind == "float64" else f"{name} < 0"
    found = database.asked(f"SELECT {name}::text AS lost FROM {quoted(table)} WHERE {lost} LIMIT 1")
    return found.num_rows == 0


def _widen(database: Database, table: str, column: str, old: str, new: str) -> Table | None:
    """Change the type of a column in its place, so that whatever else depends on it stays.

    Returns:
        Which texts of the database are to be which ones of ours.

    """
    name, kind = quoted(column), database.types[new]
    texts = None
    if new == "string" and old not in OWN_TEXT:
        # As the table of types writes it, by looking each value up.
        query = f"SELECT DISTINCT {name} AS text, {name}::{kind} AS now FROM {quoted(table)} WHERE {name} IS NOT NULL"
        values = widened(database.asked(query), {"text": old, "now": "string"})
        texts = widened(values, {"text": "string", "now": "string"})
    database.run(f"ALTER TABLE {quoted(table)} ALTER {name} TYPE {kind} USING {name}::{kind}")
    return texts
