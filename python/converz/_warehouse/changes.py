"""`Changes`: rows that differ from what was handed on before."""

from __future__ import annotations

import re
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from converz._results.table import Table
from converz._results.window import Window
from converz._show.progress import Reporter
from converz._warehouse.conforming import widened
from converz._warehouse.due import utc
from converz._warehouse.entry import Entry
from converz._warehouse.question import Question
from converz._warehouse.run import now
from converz._warehouse.target import target_of
from converz.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date, datetime

    from converz._warehouse.entry import Day
    from converz._warehouse.settings import Settings
    from converz._warehouse.source import Source

__all__ = ["Changes", "changes"]

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""What every target takes as a part of a table's name."""

ROW = "row"
"""The one column of what is kept of a cursor: the key of a row and the digest of what was handed on, a blank between."""


class Changes:
    """Conversations whose content differs from what was handed on before, day by day, the newest first.

    Loop over it for a `Table` of each day that has any, or take all of them with `table`. The cursor moves only when you
    call `done`: what was handed on since is handed on again, by the next call of `Client.changes`, until then.

    Attributes:
        cursor: Its name.
        rows: How many rows were handed on so far.
        unchanged: How many rows of the days that were looked at are as they were handed on before.

    Example:
        >>> import converz, duckdb
        >>> with converz.Sandbox(calls=100, days=15, today="2025-07-15") as sandbox:
        ...     client, target = sandbox.client(), duckdb.connect()
        ...     for table in client.changes(target, cursor="crm", since="2025-07-01", until="2025-07-15"):
        ...         pass  # Hand them on, and only then:
        ...     changes = client.changes(target, cursor="crm", since="2025-07-01", until="2025-07-15")
        ...     rows = changes.table().num_rows
        ...     changes.done()
        ...     again = client.changes(target, cursor="crm", until="2025-07-15").table().num_rows
        >>> rows, again
        (100, 0)

    """

    __module__ = "converz"

    def __init__(
        self,
        client: Source,
        target: object,
        cursor: str,
        settings: Settings,
        lock_timeout: float,
        progress: object,
        clock: Callable[[], datetime] = now,
    ) -> None:
        """They come from `Client.changes`."""
        if not isinstance(cursor, str) or not NAME.fullmatch(cursor):
            message = (
                f"cursor={cursor!r:.80} is not a name of small letters, digits and underscores, at most 40 of them, such as "
                "'salesforce'"
            )
            raise InvalidInputError(message)
        self.cursor = cursor
        self.rows = 0
        self.unchanged = 0
        self._client, self._settings, self._clock, self._progress = client, settings, clock, progress
        self._target = target_of(target, lock_timeout)
        if not hasattr(self._target, "keys"):
            message = (
                f"target={target!r:.80} has no method keys, by which it would say what was handed on before"
            )
            raise InvalidInputError(message)
        question = Question.of("calls", _with_key(settings.arguments), settings.schema)
        self._question = question
        # A cursor is a table of its own, with its lines in the ledger: whatever keeps days keeps cursors.
        self._table = f"converz_changes_{cursor}"
        self._ledger = self._target.ledger(self._table)
        question.refuse_another(self._ledger.values(), self._target)
        self._due = settings.due(self._ledger, clock())
        self._kept: dict[Day, Table] = {}
        self._entries: dict[Day, Entry] = {}

    def __iter__(self) -> Iterator[Table]:
        """Read the days that are due, and hand on what differs."""
        with Reporter(self._progress, "changes", None, unit="days") as report:
            swept: list[date] = []
            whole = [each.day for each in self._due if each.reason != "keys"]
            for looked, (day, table, read_at) in enumerate(self._read(whole), 1):
                if report:
                    report(looked, 0)
                yield from self._compared(day, table, read_at)
            swept_at = utc(self._clock())
            for day, keys in self._keys([each.day for each in self._due if each.reason == "keys"]):
                entry = self._ledger[day]
                if keys.num_rows != entry.rows or not self._digest_of_keys(keys).startswith(entry.keys):
                    swept.append(day)
                else:
                    self._entries[day] = replace(entry, swept_at=swept_at, instead_of=entry.read_at)
            for day, table, read_at in self._read(swept):
                yield from self._compared(day, table, read_at)

    def table(self) -> Table:
        """Return all of them as one table: the rows that were not handed on yet.

        Raises:
            APIStatusError: If the service refuses, retries included; and what else `Client.calls` raises.

        Example:
            >>> import converz, duckdb
            >>> with converz.Sandbox(calls=100, days=15, today="2025-07-15") as sandbox:
            ...     client, target = sandbox.client(), duckdb.connect()
            ...     changes = client.changes(target, since="2025-07-15", until="2025-07-15", columns="summary")
            ...     table = changes.table()
            >>> table.column_names
            ['summary', 'call_id']

        """
        tables = list(self)
        if tables:
            return Table.concat(tables)
        columns = self._question.parameters.get("columns")
        return self._client.calls(columns=columns, schema=self._question.schema, limit=0)

    def done(self) -> None:
        """Say that all that was handed on so far has arrived, and move the cursor past it, in one commit.

        Raises:
            TargetError: If the target cannot be written, or another process has moved the cursor meanwhile.

        Example:
            >>> import converz, duckdb
            >>> with converz.Sandbox(calls=100, days=15, today="2025-07-15") as sandbox:
            ...     client, target = sandbox.client(), duckdb.connect()
            ...     changes = client.changes(target, since="2025-07-01", until="2025-07-15")
            ...     for table in changes:
            ...         changes.done()  # Day by day.
            ...     client.changes(target, until="2025-07-15").table().num_rows
            0

        """
        if not self._entries:
            return
        self._target.replace(self._table, self._kept, self._entries.values())
        self._ledger |= {day: replace(entry, instead_of=None) for day, entry in self._entries.items()}
        self._kept, self._entries = {}, {}

    def __repr__(self) -> str:
        """Show the numbers."""
        return f"Changes(cursor={self.cursor!r}, rows={self.rows}, unchanged={self.unchanged})"

    def _read(self, days: list[Any]) -> Iterator[tuple[date, Table, datetime]]:
        # Before anything is asked: what changes after that may not have been read.
        read_at = utc(self._clock())
        windows = [Window(day, day) for day in days]
        if windows:
            for window, table in self._client.read_windows(windows, **self._question.arguments):
                yield window.start_date, table, read_at

    def _keys(self, days: list[Any]) -> Iterator[tuple[date, Table]]:
        windows = [Window(day, day) for day in days]
        if windows:
            for window, table in self._client.read_windows(windows, **self._question.keys_only):
                yield window.start_date, table

    def _compared(self, day: date, table: Table, read_at: datetime) -> Iterator[Table]:
        before = self._ledger.get(day)
        if before and before.rows and not table.num_rows:
            # A service in a bad hour. The day stays due, since nothing is noted of it.
            return
        digest = table.digest()
        if before and before.has(digest):
            self.unchanged += table.num_rows
            self._entries[day] = replace(before, read_at=read_at, instead_of=before.read_at, swept_at=None)
            return
        came = list(_rows(table, self._question.key))
        known = set(self._target.keys(self._table, ROW, [day])[day]) if before and before.rows else set()  # type: ignore[attr-defined]
        differing = [place for place, row in enumerate(came) if row not in known]
        self._kept[day] = Table({ROW: _kept(known, came)})
        self._entries[day] = Entry(
            day,
            self._question.fingerprint,
            table.num_rows,
            digest,
            self._digest_of_keys(table) if table.num_rows else "",
            read_at,
            read_at if before else None,
            before.read_at if before else None,
        )
        self.unchanged += table.num_rows - len(differing)
        if differing:
            self.rows += len(differing)
            yield _picked(table, differing)

    def _digest_of_keys(self, table: Table) -> str:
        key = self._question.key
        return widened(table, {key: "int64" if table.schema[key] == "int64" else "string"}).digest()


def changes(
    client: Source,
    target: object,
    cursor: str,
    settings: Settings,
    *,
    lock_timeout: float = 60,
    progress: object = None,
    clock: Callable[[], datetime] = now,
) -> Changes:
    """Look for what is due, without a request."""
    return Changes(client, target, cursor, settings, lock_timeout, progress, clock)


def _with_key(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Ask for the key as well, without which no row could be told from another."""
    columns = arguments.get("columns")
    if columns is None:
        return dict(arguments)
    listed = [columns] if isinstance(columns, str) else list(columns)
    return dict(arguments) | {"columns": listed if "call_id" in listed else [*listed, "call_id"]}


def _rows(table: Table, key: str) -> Iterator[str]:
    """Return each row as it is kept: its key, and the digest of its cells."""
    columns = table.to_pydict()
    names = sorted(columns)
    keys = columns.get(key) or [None] * table.num_rows
    for place in range(table.num_rows):
        cells = ((name, _text(columns[name][place])) for name in names if columns[name][place] is not None)
        digest = blake2b("\x1f".join(f"{name}\x1e{text}" for name, text in cells).encode(), digest_size=12)
        yield f"{_text(keys[place])} {digest.hexdigest()}"


def _text(value: object) -> str:
    """Write a value as the table of types does, so that a column that becomes wider changes nothing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _kept(known: set[str], came: list[str]) -> list[str]:
    """Return what is known from now on: a row that is gone may come back, and is not to be handed on again then."""
    keys = {row.partition(" ")[0] for row in came}
    return sorted({*came, *(row for row in known if row.partition(" ")[0] not in keys)})


def _picked(table: Table, places: list[int]) -> Table:
    """Return some rows, those that are next to each other together."""
    if len(places) == table.num_rows:
        return table
    runs: list[list[int]] = []
    for place in places:
        if runs and runs[-1][1] == place:
            runs[-1][1] += 1
        else:
            runs.append([place, place + 1])
    return Table.concat([table.slice(first, end - first) for first, end in runs])
