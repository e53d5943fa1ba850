"""Every target that the conformance suite holds to the same promises: how it is named, and how its users read it."""

from __future__ import annotations

import itertools
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import adbc_driver_postgresql.dbapi
import deltalake
import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.catalog import load_catalog
from pyiceberg.expressions import AlwaysTrue, EqualTo
from pyiceberg.utils.config import Config

import converz
from converz._warehouse.entry import DAY_COLUMN
from converz._warehouse.target import target_of
from support.postgres import server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from converz._warehouse.target import Target


class DuckDBFile:
    """A file of DuckDB."""

    tells_case_apart = False
    kept_as_text: frozenset[str] = frozenset()

    def __init__(self, folder: Path) -> None:
        self.name: Any = str(folder / "warehouse.duckdb")

    def close(self) -> None:
        """Leave nothing behind."""

    def target(self) -> Target:
        return target_of(self.name, 10)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """What a user reads, with the day that each row was asked for."""
        if not Path(self.name).exists():
            return []
        with duckdb.connect(self.name, read_only=True) as connection:
            if (table,) not in connection.execute("SHOW TABLES").fetchall():
                return []
            found = connection.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def table(self, table: str, day: date) -> converz.Table:
        """The stored rows of a day."""
        with duckdb.connect(self.name, read_only=True) as connection:
            query = f"SELECT * EXCLUDE ({DAY_COLUMN}) FROM \"{table}\" WHERE {DAY_COLUMN} = '{day}'"
            return converz.Table(connection.sql(query))


class ParquetFolder:
    """A folder of Parquet files, read as a data set by a library that knows nothing of it."""

    tells_case_apart = True
    kept_as_text: frozenset[str] = frozenset()

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "lake"
        self.name: Any = f"parquet:{self.folder}"

    def close(self) -> None:
        """Leave nothing behind."""

    def target(self) -> Target:
        return target_of(self.name, 10)

    def _read(self, table: str, day: date | None = None) -> pa.Table:
        # The types of one file are those of all.
        rows = pq.read_table(self.folder / table, partitioning="hive")
        if "converz_date" in rows.column_names:
            assert (
                rows["converz_date"].cast("string").to_pylist() == rows[DAY_COLUMN].cast("string").to_pylist()
            )
            rows = rows.drop_columns("converz_date")
        return rows if day is None else rows.filter(pc.equal(rows[DAY_COLUMN], day))

    def rows(self, table: str) -> list[dict[str, Any]]:
        return self._read(table).to_pylist() if (self.folder / table).exists() else []

    def table(self, table: str, day: date) -> converz.Table:
        return converz.Table(self._read(table, day).drop_columns(DAY_COLUMN))


class PostgreSQL:
    """A schema of its own in a database of PostgreSQL."""

    tells_case_apart = True
    kept_as_text: frozenset[str] = frozenset()
    _numbers = itertools.count()

    def __init__(self, folder: Path) -> None:
        schema = f"s{next(self._numbers)}"
        with self._connected(server(), autocommit=True) as cursor:
            cursor.execute(f"CREATE SCHEMA {schema}")
        self.name: Any = f"{server()}?options=-csearch_path%3D{schema}"

    @staticmethod
    @contextmanager
    def _connected(url: str, **settings: bool) -> Iterator[Any]:
        with (
            adbc_driver_postgresql.dbapi.connect(url, **settings) as connection,
            connection.cursor() as cursor,
        ):
            yield cursor

    def close(self) -> None:
        """Leave nothing behind."""

    def target(self) -> Target:
        return target_of(self.name, 10)

    def rows(self, table: str) -> list[dict[str, Any]]:
        with self._connected(self.name) as cursor:
            cursor.execute(f"SELECT to_regclass('{table}') IS NULL")
            if cursor.fetchall() == [(True,)]:
                return []
            cursor.execute(f'SELECT * FROM "{table}"')
            return cursor.fetch_arrow_table().to_pylist()

    def table(self, table: str, day: date) -> converz.Table:
        with self._connected(self.name) as cursor:
            kinds = target_of(self.name, 10).schema(table)
            # Arrow has no numeric without digits behind the point.
            names = ", ".join(
                f'"{name}"::text' if kind == "uint64" else f'"{name}"' for name, kind in kinds.items()
            )
            cursor.execute(f"SELECT {names} FROM \"{table}\" WHERE {DAY_COLUMN} = '{day}'")
            return converz.Table(cursor.fetch_arrow_table())


class DeltaLake:
    """Tables of Delta Lake in a folder."""

    tells_case_apart = False
    kept_as_text: frozenset[str] = frozenset({"uint64"})

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "lake"
        self.name: Any = f"delta:{self.folder}"

    def close(self) -> None:
        """Leave nothing behind."""

    def target(self) -> Target:
        return target_of(self.name, 10)

    def _read(self, table: str, where: str = "") -> converz.Table:
        stored = deltalake.DeltaTable(str(self.folder / table))
        query = f"SELECT * FROM stored {where}"
        return converz.Table(deltalake.QueryBuilder().register("stored", stored).execute(query))

    def rows(self, table: str) -> list[dict[str, Any]]:
        if not (self.folder / table).exists():
            return []
        columns = self._read(table).to_pydict()
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def table(self, table: str, day: date) -> converz.Table:
        return self._read(table, f"WHERE {DAY_COLUMN} = DATE '{day}'")


class Iceberg:
    """Tables of Iceberg in a folder, in a catalogue of SQLite."""

    tells_case_apart = False
    kept_as_text: frozenset[str] = frozenset({"uint64"})
    _numbers = itertools.count()

    def __init__(self, folder: Path) -> None:
        name = f"converz{next(self._numbers)}"
        self.settings = {
            f"PYICEBERG_CATALOG__{name.upper()}__URI": f"sqlite:///{folder / 'catalog.db'}",
            f"PYICEBERG_CATALOG__{name.upper()}__WAREHOUSE": f"file://{folder / 'lake'}",
        }
        os.environ.update(self.settings)
        self.name: Any = f"iceberg:{name}.sales"

    def close(self) -> None:
        for name in self.settings:
            os.environ.pop(name, None)

    def target(self) -> Target:
        return target_of(self.name, 10)

    def _read(self, table: str, where: Any = None) -> pa.Table:
        catalog, _, namespace = self.name.removeprefix("iceberg:").partition(".")
        opened = load_catalog(catalog, **Config().get_catalog_config(catalog))
        if not opened.namespace_exists(namespace) or not opened.table_exists(f"{namespace}.{table}"):
            return None
        return opened.load_table(f"{namespace}.{table}").scan(where or AlwaysTrue()).to_arrow()

    def rows(self, table: str) -> list[dict[str, Any]]:
        found = self._read(table)
        return [] if found is None else found.to_pylist()

    def table(self, table: str, day: date) -> converz.Table:
        return converz.Table(self._read(table, EqualTo(DAY_COLUMN, day)).drop_columns(DAY_COLUMN))


TARGETS = {
    "iceberg": Iceberg,
    "delta": DeltaLake,
    "postgresql": PostgreSQL,
    "parquet": ParquetFolder,
    "duckdb": DuckDBFile,
}
