"""A folder of Parquet files, one a day, which need no other library."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from datetime import date, datetime
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from converz import _core
from converz._results.table import Table
from converz._warehouse.conforming import conform, widened
from converz._warehouse.entry import DAY_COLUMN, KEPT, Entry, refuse_day_column, refuse_if_moved
from converz._warehouse.file_lock import locked
from converz._warehouse.types import common, stored_types
from converz.errors import InvalidInputError, TargetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from converz._warehouse.entry import Day

__all__ = ["ParquetTarget"]

FOLDER = "converz_date"
"""The name of the folders' key. One that begins with an underscore is skipped by readers of data sets, without a word."""

NOTE = "converz:ledger"
"""What a file says of its rows, so that neither is there without the other."""

LOOKS = ".converz-looks.json"
"""When files were last found to be what the service has. A file's own line counts where this one is missing or of others."""

LOCK = ".converz-lock"

OPTIONS = {"compression": "zstd", "row_group_size": 262_144}


class _File(NamedTuple):
    """A file, by its end."""

    path: Path
    seen: tuple[int, int]
    """Its time and size, by which it is known to be the same."""
    types: dict[str, str]
    entry: Entry


class ParquetTarget:
    """Files such as ``calls/converz_date=2025-07-15/calls.parquet``, each with its line of the ledger in it.

    All of them have the same columns of the same types, so that every reader of data sets takes them.
    """

    def __init__(self, folder: str, lock_timeout: float) -> None:
        self._folder = Path(folder)
        self._lock_timeout = lock_timeout
        self._known: dict[Path, _File] = {}

    def __repr__(self) -> str:
        return str(self._folder)

    def ledger(self, table: str, days: Iterable[Day] | None = None) -> dict[Day, Entry]:
        """Return the lines of a table."""
        wanted = None if days is None else set(days)
        looks = self._looks(table)
        found = {}
        for file in self._files(table):
            entry = file.entry
            look = looks.get(str(entry.day))
            if look and look[0] == entry.digest:
                # A version before has no second moment, a later one may have more.
                read_at, swept_at = (
                    moment and datetime.fromisoformat(moment) for moment in (*look[1:3], None)[:2]
                )
                entry = replace(entry, read_at=max(entry.read_at, read_at), swept_at=swept_at)
            if wanted is None or entry.day in wanted:
                found[entry.day] = entry
        return found

    def schema(self, table: str) -> dict[str, str]:
        """Return the stored columns of a table: of all its files, also where a run ended while it widened them."""
        return _together(self._files(table))

    def replace(self, table: str, days: Mapping[Day, Table], entries: Iterable[Entry]) -> None:
        """Replace days, each in one step."""
        entries = list(entries)
        refuse_day_column(days.values())
        folder = self._folder / table
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with locked(folder / LOCK, self._lock_timeout):
                refuse_if_moved(self.ledger(table, [entry.day for entry in entries]), entries)
                if days:
                    self._write_rows(table, days, {entry.day: entry for entry in entries})
                self._write_looks(table, [entry for entry in entries if entry.day not in days])
        except OSError as error:
            message = f"{self!r}: {error}"
            raise TargetError(message) from error

    def keys(self, table: str, key: str, days: Iterable[Day]) -> dict[Day, list[Any]]:
        """Return the keys of the rows of days."""
        return {day: self.rows(table, day).to_pydict().get(key, []) for day in days}

    def rows(self, table: str, day: Day) -> Table:
        """Return the rows of a day."""
        return _read(self._path(table, day))

    def _path(self, table: str, day: Day) -> Path:
        folder = self._folder / table
        return (folder if day is None else folder / f"{FOLDER}={day.isoformat()}") / f"{table}.parquet"

    def _files(self, table: str) -> list[_File]:
        folder = self._folder / table
        found = sorted([*folder.glob(f"{FOLDER}=*/{table}.parquet"), *folder.glob(f"{table}.parquet")])
        return [self._file(path) for path in found]

    def _file(self, path: Path) -> _File:
        status = path.stat()
        seen = (status.st_mtime_ns, status.st_size)
        known = self._known.get(path)
        if known is None or known.seen != seen:
            try:
                core, notes = _core.Table.read_parquet(path, rows=False)
            except InvalidInputError as error:
                message = f"{error}: move it away, or name another folder"
                raise TargetError(message) from error
            if NOTE not in notes:
                message = f"{path} was not written by a sync: move it away, or name another folder"
                raise TargetError(message)
            types = stored_types(core.schema)
            types.pop(DAY_COLUMN, None)
            known = self._known[path] = _File(path, seen, types, _entry(notes[NOTE]))
        return known

    def _write_rows(self, table: str, days: Mapping[Day, Table], entries: Mapping[Day, Entry]) -> None:
        files = self._files(table)
        others = [file for file in files if file.entry.day not in days]
        into = conform(_together(files), days, lambda name, kind: _all_fit(others, name, kind))
        for file in others:
            # First: a day of the new types among files of the old ones would be read wrongly.
            if list(file.types.items()) != list(into.schema.items()):
                self._write(file.path, widened(_read(file.path), into.schema), file.entry)
        for day, rows in into.days.items():
            self._write(self._path(table, day), rows, entries[day])

    def _write(self, path: Path, rows: Table, entry: Entry) -> None:
        path.parent.mkdir(exist_ok=True)
        core = rows._core if entry.day is None else rows._core.dated(DAY_COLUMN, entry.day)
        self._put(path, core, {NOTE: _note(entry)})

    def _put(self, path: Path, core: _core.Table, notes: dict[str, str]) -> None:
        core.write_file(path, "parquet", OPTIONS, notes)

    def _looks(self, table: str) -> dict[str, list[Any]]:
        try:
            looks: dict[str, list[Any]] = json.loads((self._folder / table / LOOKS).read_bytes())
        except (OSError, ValueError):
            return {}
        return looks

    def _write_looks(self, table: str, entries: list[Entry]) -> None:
        if not entries:
            return
        looks = self._looks(table)
        looks |= {
            str(entry.day): [
                entry.digest,
                entry.read_at.isoformat(),
                entry.swept_at and entry.swept_at.isoformat(),
            ]
            for entry in entries
        }
        path = self._folder / table / LOOKS
        beside = path.with_suffix(".tmp")
        beside.write_text(json.dumps(looks), encoding="utf-8")
        os.replace(beside, path)  # noqa: PTH105


def _together(files: list[_File]) -> dict[str, str]:
    types: dict[str, list[str]] = {}
    for file in files:
        for name, kind in file.types.items():
            types.setdefault(name, []).append(kind)
    return {name: reduce(common, kinds) for name, kinds in types.items()}


def _all_fit(files: list[_File], name: str, kind: str) -> bool:
    try:
        for file in files:
            if file.types.get(name, kind) != kind:
                widened(_read(file.path), {name: kind})
    except InvalidInputError:
        return False
    return True


def _read(path: Path) -> Table:
    return Table(_core.Table.read_parquet(path, rows=True)[0])


def _note(entry: Entry) -> str:
    noted = asdict(entry) | {"instead_of": None}
    return json.dumps({name: value for name, value in noted.items() if value is not None}, default=str)


def _entry(note: str) -> Entry:
    noted = json.loads(note)
    # Not what a later version notes besides.
    line: dict[str, Any] = {name: noted.get(name) for name in KEPT}
    moments = {
        name: line[name] and datetime.fromisoformat(line[name])
        for name in ("read_at", "changed_at", "swept_at")
    }
    return Entry(**line | moments | {"day": line["day"] and date.fromisoformat(line["day"])})
