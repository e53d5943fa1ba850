"""Destinations of dlt that tests load into: how a pipeline names them, and what users read there."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path
from typing import Any

import deltalake
import dlt
from dlt.common.libs.deltalake import get_delta_tables

import converz
from support.postgres import server

COLUMNS = ("_converz_date", "_converz_digest")


class Destination:
    """A folder with all that a pipeline keeps, and its data set."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.dataset = "support"

    def made(self) -> Any:
        raise NotImplementedError

    def pipeline(self) -> dlt.Pipeline:
        return dlt.pipeline(
            "converz_tests",
            destination=self.made(),
            dataset_name=self.dataset,
            pipelines_dir=str(self.folder / "pipelines"),
        )

    def lose_folder(self) -> None:
        """Lose the working directory, as a container does."""
        shutil.rmtree(self.folder / "pipelines")

    def lose_state(self) -> None:
        """Lose the state of the latest load, as a kill does just before it is stored."""
        with self.pipeline().sql_client() as client:
            latest = "(SELECT MAX(version) FROM _dlt_pipeline_state)"
            client.execute_sql(f"DELETE FROM _dlt_pipeline_state WHERE version = {latest}")
            client.execute_sql(
                "DELETE FROM _dlt_loads WHERE inserted_at = (SELECT MAX(inserted_at) FROM _dlt_loads)"
            )

    def read(self, query: str) -> list[tuple]:
        with self.pipeline().sql_client() as client:
            return [tuple(row) for row in client.execute_sql(query)]

    def rows(self, table: str) -> list[dict[str, Any]]:
        """What there is, in no order, without the source's own columns and those of nulls."""
        with self.pipeline().sql_client() as client:
            with client.execute_query(f"SELECT * FROM {table}") as cursor:
                names = [column[0] for column in cursor.native_cursor.description]
                found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        return [{name: value for name, value in row.items() if name not in COLUMNS} for row in found]


class DuckDB(Destination):
    def made(self) -> Any:
        return dlt.destinations.duckdb(str(self.folder / "warehouse.duckdb"))


class Postgres(Destination):
    _numbers = itertools.count()

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.url = server().replace("@", ":none@")
        self.dataset = f"dlt{next(self._numbers)}"

    def made(self) -> Any:
        return dlt.destinations.postgres(self.url)


class Delta(Destination):
    def made(self) -> Any:
        return dlt.destinations.filesystem((self.folder / "lake").as_uri())

    def lose_state(self) -> None:
        for table in ("_dlt_pipeline_state", "_dlt_loads"):
            files = (self.folder / "lake" / self.dataset / table).glob("*.json*")
            max(files, key=lambda file: file.stat().st_mtime_ns).unlink()

    def read(self, query: str) -> list[tuple]:
        tables = get_delta_tables(self.pipeline(), "calls", "reps")
        builder = deltalake.QueryBuilder()
        for name, table in tables.items():
            builder.register(name, table)
        columns = converz.Table(builder.execute(query)).to_pydict()
        return list(zip(*columns.values(), strict=True))

    def rows(self, table: str) -> list[dict[str, Any]]:
        stored = get_delta_tables(self.pipeline(), table)[table]
        found = converz.Table(
            deltalake.QueryBuilder().register(table, stored).execute(f"SELECT * FROM {table}")
        )
        return [
            {name: value for name, value in row.items() if name not in COLUMNS} for row in found.to_pylist()
        ]


DESTINATIONS = {"duckdb": DuckDB, "delta": Delta, "postgres": Postgres}
