"""`Package`: a target of the planner that only collects, for one load package of dlt."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from converz._results.table import Table
from converz._warehouse.conforming import conform, widened
from converz._warehouse.entry import DAY_COLUMN, Entry, refuse_day_column
from converz.errors import InvalidInputError, TargetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from converz._warehouse.entry import Day

__all__ = ["DIGEST_COLUMN", "Package", "number"]

DIGEST_COLUMN = "_converz_digest"
"""The column of a number of what was read of the row's day, by which state and destination are compared."""

DIGITS = 15
"""Hexadecimal digits of a digest that fit a signed number of 64 bits. The state keeps no more of it."""

KINDS = {"uint64": "string", "json": "string"}
"""Types that not every destination has: their text."""

OWN = {DIGEST_COLUMN: "int64", DAY_COLUMN: "date32"}


def number(digest: str) -> int:
    """Return the number that a digest begins with."""
    return int(digest[:DIGITS], 16)


class Package:
    """What goes into the next load package: rows in files, since types are only known at the end, and lines of the ledger.

    Args:
        state: What dlt keeps of this table: changed as lines come in.
        differing: Days of which the destination has something else than the state says.
        stored: Returns the type in which the destination has a column, None where it has no such column.
        folder: Where to put the rows meanwhile.

    """

    def __init__(
        self,
        state: dict[str, Any],
        differing: Callable[[dict[Day, Entry]], Iterable[Day]],
        stored: Callable[[str], str | None],
        folder: Path,
    ) -> None:
        self._lines = state.setdefault("days", {})
        self._differing = differing
        self._stored = stored
        self._folder = folder
        self._schema: dict[str, str] = {}
        self._files: list[Path] = []
        self.days: list[Day] = []
        """Days that are to be replaced."""

    def __repr__(self) -> str:
        return "the pipeline"

    def ledger(self, table: str, days: Iterable[Day] | None = None) -> dict[Day, Entry]:  # noqa: ARG002
        """Return the lines of the days that the destination has as they say."""
        kept = {_day(key): _entry(_day(key), line) for key, line in self._lines.items()}
        for day in self._differing(kept):
            kept.pop(day, None)
        return kept

    def schema(self, table: str) -> dict[str, str]:  # noqa: ARG002
        """Return the columns so far."""
        return dict(self._schema)

    def replace(self, table: str, days: Mapping[Day, Table], entries: Iterable[Entry]) -> None:
        """Take days, and the lines of the ledger."""
        refuse_day_column(days.values())
        lines = {entry.day: entry for entry in entries}
        self._lines |= {_key(day): _line(entry) for day, entry in lines.items()}
        if not days:
            return
        for each in days.values():
            for name in each.column_names:
                kind = self._stored(name)
                if kind is not None:
                    self._schema.setdefault(name, kind)
        into = conform(self._schema, days, self._fits)
        for name, kind in into.schema.items():
            self._refuse_change(table, name, kind)
        self._schema = into.schema
        rows = [_marked(each, day, number(lines[day].digest)) for day, each in into.days.items()]
        path = self._folder / f"{len(self._files)}.arrow"
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, rows[0].schema) as writer:
            for each in rows:
                writer.write_table(each)
        self._files.append(path)
        self.days += list(days)

    def tables(self) -> Iterator[pa.Table]:
        """Yield what was taken, all in the same columns."""
        schema = self._columns()
        for rows in self._rows():
            yield widened(rows, schema).to_arrow()

    def refuse_repeats(self, key: str) -> None:
        """Refuse keys that came twice, for destinations that merge by them.

        A conversation that moves to another day while days are read comes with both.
        """
        found = [
            rows.to_arrow().select([key]) for rows in self._rows() if rows.num_rows and key in rows.schema
        ]
        if not found:
            return
        keys = pa.concat_tables(found, promote_options="permissive")[key].drop_null()
        if len(keys) != len(keys.unique()):
            message = (
                f"values of {key} came more than once, which a table of Delta Lake that is merged by them cannot have: "
                "a conversation moved while it was read, so run the pipeline again"
            )
            raise TargetError(message)

    def hints(self, key: str | None) -> dict[str, Any]:
        """Return what dlt has to be told of columns: which is the key, and that times without a zone have none.

        It would take them for times in UTC.
        """
        hints: dict[str, Any] = {
            name: {"name": name, "data_type": "timestamp", "timezone": False}
            for name, kind in self._columns().items()
            if kind == "timestamp[us]"
        }
        if key is not None:
            hints[key] = {"name": key, "primary_key": True, "nullable": True}
        return hints

    def _columns(self) -> dict[str, str]:
        schema = {name: KINDS.get(kind, kind) for name, kind in self._schema.items()} | OWN
        if self.days == [None]:
            schema.pop(DAY_COLUMN)
        return schema

    def _rows(self) -> Iterator[Table]:
        for path in self._files:
            with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as reader:
                yield Table(reader.read_all())

    def _fits(self, name: str, kind: str) -> bool:
        """Whether what was taken before fits another type. What the destination has does not change its type."""
        if self._stored(name) is not None:
            return False
        try:
            for rows in self._rows():
                if name in rows.schema:
                    widened(rows, {name: kind})
        except InvalidInputError:
            return False
        return True

    def _refuse_change(self, table: str, name: str, kind: str) -> None:
        stored, kind = self._stored(name), KINDS.get(kind, kind)
        if stored is None or stored == kind:
            return
        message = (
            f"column {name!r} of {table} is {stored} in the destination, and what came does not fit it, which dlt cannot mend: "
            f'load the table anew with pipeline.run(source, refresh="drop_resources"), once, from a source whose since= and '
            f"schema= are as they are to be, such as schema={{{name!r}: 'float64'}}"
        )
        raise TargetError(message)


def _marked(rows: Table, day: Day, digest: int) -> pa.Table:
    arrow = rows.to_arrow()
    for name in arrow.column_names:
        if name.casefold() == DIGEST_COLUMN:
            message = f"the service has a column {name!r}, which is the name of a column of the source's own"
            raise TargetError(message)
    arrow = arrow.append_column(DIGEST_COLUMN, pa.repeat(pa.scalar(digest, pa.int64()), len(arrow)))
    return (
        arrow
        if day is None
        else arrow.append_column(DAY_COLUMN, pa.repeat(pa.scalar(day, pa.date32()), len(arrow)))
    )


def _key(day: Day) -> str:
    return "all" if day is None else day.isoformat()


def _day(key: str) -> Day:
    return None if key == "all" else date.fromisoformat(key)


def _line(entry: Entry) -> list[Any]:
    """Write a line as JSON has it, short: dlt stores the whole state whenever it changes."""
    changed = entry.changed_at.isoformat() if entry.changed_at else None
    return [
        entry.rows,
        entry.digest[:DIGITS],
        entry.keys[:DIGITS],
        entry.read_at.isoformat(),
        changed,
        entry.fingerprint[:DIGITS],
    ]


def _entry(day: Day, line: list[Any]) -> Entry:
    rows, digest, keys, read_at, changed, fingerprint = line
    changed_at = datetime.fromisoformat(changed) if changed else None
    return Entry(day, fingerprint, rows, digest, keys, datetime.fromisoformat(read_at), changed_at)
