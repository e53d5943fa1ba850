"""`Target`: what keeps rows, and which one is meant."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from converz._results.file_endings import is_address
from converz.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from converz._results.table import Table
    from converz._warehouse.entry import Day, Entry

__all__ = ["Target", "target_of"]

DUCKDB = (".duckdb", ".ddb", ".db")
"""Ends of the names of DuckDB's files."""


@runtime_checkable
class Target(Protocol):
    """What keeps rows, by day, and the ledger of them."""

    def ledger(self, table: str, days: Iterable[Day] | None = None) -> dict[Day, Entry]:
        """Return the lines of a table: of these days, or of all."""

    def schema(self, table: str) -> dict[str, str]:
        """Return the stored columns of a table with their types; nothing if there is no such table."""

    def replace(self, table: str, days: Mapping[Day, Table], entries: Iterable[Entry]) -> None:
        """Put the rows of these days in place of those that are stored, and the lines into the ledger, in one commit.

        A line may be of a day whose rows stay. Stored columns widen as `conform` says, and new ones are added. A line that
        is not to stand instead of the one that is stored is refused, as `refuse_if_moved` does.
        """


def target_of(target: object, lock_timeout: float) -> Target:
    """Find the target that a URL, a path or another library's object means."""
    if isinstance(target, str | os.PathLike):
        found = _named(str(os.fspath(target)), lock_timeout)
        if found:
            return found
    elif type(target).__module__.partition(".")[0] in {"duckdb", "_duckdb"} and hasattr(target, "register"):
        from converz._warehouse.targets.duckdb import DuckDBTarget

        return DuckDBTarget(target, lock_timeout)
    elif isinstance(target, Target):
        return target
    message = (
        f"target={target!r:.80} is none that is known: name a DuckDB file such as 'warehouse.duckdb', a folder of Parquet files "
        "such as 'parquet:FOLDER' or of Delta Lake such as 'delta:FOLDER', a database 'postgresql://…', or tables of Iceberg "
        "'iceberg:CATALOG.NAMESPACE', pass an open connection of duckdb, or an object with the methods ledger, schema and replace"
    )
    raise InvalidInputError(message)


def _named(name: str, lock_timeout: float) -> Target | None:  # noqa: PLR0911
    scheme, colon, rest = name.partition(":")
    if (is_address(rest) and scheme in {"parquet", "duckdb"}) or (is_address(name) and name.endswith(DUCKDB)):
        message = (
            f"target={name!r:.80} is an address, where only a folder or a file of this machine can be: take 'delta:' before the "
            "address of an object store, as in 'delta:s3://bucket/lake', or an Iceberg catalogue"
        )
        raise InvalidInputError(message)
    match scheme if colon else "":
        case "postgresql" | "postgres":
            from converz._warehouse.targets.postgresql import PostgreSQLTarget

            return PostgreSQLTarget(name, lock_timeout)
        case "parquet":
            from converz._warehouse.targets.parquet import ParquetTarget

            return ParquetTarget(rest, lock_timeout)
        case "delta":
            from converz._warehouse.targets.delta import DeltaTarget

            return DeltaTarget(rest)
        case "iceberg":
            from converz._warehouse.targets.iceberg import IcebergTarget

            return IcebergTarget(rest)
        case "duckdb":
            from converz._warehouse.targets.duckdb import DuckDBTarget

            return DuckDBTarget(rest, lock_timeout)
        case _ if name.endswith(DUCKDB):
            from converz._warehouse.targets.duckdb import DuckDBTarget

            return DuckDBTarget(name, lock_timeout)
        case _:
            return None
