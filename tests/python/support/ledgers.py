"""Ledgers as other versions keep them: the version before, which knew nothing of sweeps, and one that notes more than we do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow.parquet as pq
from pyiceberg.catalog import load_catalog
from pyiceberg.utils.config import Config

from support.targets import DeltaLake, DuckDBFile, Iceberg, ParquetFolder, PostgreSQL

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["as_after", "as_before"]

LEDGER = "_converz_ledger"


def as_before(kept: Any) -> None:
    """Make of the ledger what a version without `swept_at` would have written."""
    if isinstance(kept, DuckDBFile | PostgreSQL):
        _run(kept, f"ALTER TABLE {LEDGER} DROP COLUMN swept_at")
    elif isinstance(kept, DeltaLake):
        _each_log(kept, lambda lines: [line for line in lines if "converz:swept:" not in line])
    elif isinstance(kept, Iceberg):
        _each_line(kept, lambda line: line.rpartition(" ")[0])
    else:
        _each_note(kept, lambda note: {name: note[name] for name in note if name != "swept_at"})
        _each_look(kept, lambda look: look[:2])


def as_after(kept: Any) -> None:
    """Make of the ledger what a version might write that notes more of each day; a user may add columns of his own."""
    if isinstance(kept, DuckDBFile | PostgreSQL):
        # In front, so that nothing is where it was.
        _run(kept, f"CREATE TABLE renewed AS SELECT 'more' AS later, * FROM {LEDGER}")
        _run(kept, f"DROP TABLE {LEDGER}")
        _run(kept, f"ALTER TABLE renewed RENAME TO {LEDGER}")
    elif isinstance(kept, DeltaLake):
        more = '{"txn":{"appId":"converz:later:2025-07-14","version":5}}'
        _each_log(kept, lambda lines: [*lines, more])
    elif isinstance(kept, Iceberg):
        _each_line(kept, lambda line: f"{line} more")
        _each_table(kept, lambda stored: stored.transaction().set_properties({"converz.later": "more"}))
    else:
        _each_note(kept, lambda note: note | {"later": "more"})
        _each_look(kept, lambda look: [*look, "more"])


def _run(kept: Any, command: str) -> None:
    if isinstance(kept, DuckDBFile):
        with duckdb.connect(kept.name) as connection:
            connection.execute(command)
    else:
        with kept._connected(kept.name, autocommit=True) as cursor:
            cursor.execute(command)


def _each_log(kept: DeltaLake, change: Callable[[list[str]], list[str]]) -> None:
    for path in Path(kept.folder).glob("*/_delta_log/*.json"):
        path.write_text("".join(f"{line}\n" for line in change(path.read_text().splitlines())))


def _each_table(kept: Iceberg, change: Callable[[Any], Any]) -> None:
    name, _, namespace = kept.name.removeprefix("iceberg:").partition(".")
    catalog = load_catalog(name, **Config().get_catalog_config(name))
    for table in catalog.list_tables(namespace):
        change(catalog.load_table(table)).commit_transaction()


def _each_line(kept: Iceberg, change: Callable[[str], str]) -> None:
    def changed(stored: Any) -> Any:
        lines = {
            name: change(value)
            for name, value in stored.properties.items()
            if name.startswith("converz.") and " " in value
        }
        return stored.transaction().set_properties(lines)

    _each_table(kept, changed)


def _each_note(kept: ParquetFolder, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    for path in Path(kept.folder).rglob("*.parquet"):
        rows = pq.ParquetFile(path).read()
        notes = rows.schema.metadata
        noted = change(json.loads(notes[b"converz:ledger"]))
        pq.write_table(rows.replace_schema_metadata(notes | {b"converz:ledger": json.dumps(noted)}), path)


def _each_look(kept: ParquetFolder, change: Callable[[list[Any]], list[Any]]) -> None:
    for path in Path(kept.folder).glob("*/.converz-looks.json"):
        looks = json.loads(path.read_text())
        path.write_text(json.dumps({day: change(look) for day, look in looks.items()}))
