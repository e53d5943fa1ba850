"""What a warehouse costs to load and to keep, beside reading alone, DuckDB's own insert, and dlt's `rest_api` source.

    pip install '.[benchmark]' && python tests/benchmarks/warehouse.py [--rows N] [--quick]

A million conversations of 365 days with text come from a sandbox in a process of its own, and every measurement has one, too.
All ratios are of one run. Ends with status 1 if a bound is not held; with `--quick` it goes through all of it with a few rows,
and judges nothing. A target whose library or server is missing is left out, and said to be.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS, DAYS = 1_000_000, 365
QUICK_ROWS, QUICK_DAYS = 2_000, 20
TODAY = date(2025, 7, 15)
"""All days are long over, and none is young."""

TURNS = 3
"""DuckDB beside what it is judged by, by turns: the best of each counts, since others use the machine as well."""

LOAD, NOTHING_NEW, DLT, LINEAR = 1.5, 1.1, 10, 1.5
MEMORY = {"duckdb": 450, "postgresql": 450, "parquet": 450, "delta": 600, "iceberg": 600}


def serve(rows: int, days: int) -> None:
    """Serve until standard input ends."""
    import converz

    with converz.Sandbox(calls=rows, days=days, today=TODAY) as sandbox:
        print(sandbox.url, sandbox.api_key, flush=True)
        sys.stdin.read()


@contextmanager
def served(rows: int, days: int) -> Iterator[tuple[str, str]]:
    process = subprocess.Popen(
        [sys.executable, __file__, "--serve", str(rows), str(days)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    url, key = process.stdout.readline().split()
    yield url, key
    process.stdin.close()
    process.wait()


def first_day(days: int) -> date:
    return TODAY - timedelta(days=days - 1)


def read(client: Any, days: int, _: str) -> int:
    """Read all days, and keep nothing."""
    windows = client.windows(first_day(days), TODAY)
    return sum(table.num_rows for _, table in client.read_windows(windows))


def read_and_insert(client: Any, days: int, target: str) -> int:
    """Read all days, and have DuckDB insert them as one Arrow table."""
    import duckdb
    import pyarrow as pa

    windows = client.windows(first_day(days), TODAY)
    tables = [pa.table(table) for _, table in client.read_windows(windows) if table.num_rows]
    calls = pa.concat_tables(tables, promote_options="permissive")
    with duckdb.connect(target) as connection:
        connection.execute("CREATE TABLE calls AS SELECT * FROM calls")
    return calls.num_rows


def load(client: Any, days: int, target: str) -> int:
    """A first sync."""
    return client.sync(target, tables="calls", since=first_day(days), until=TODAY, progress=False).rows_read


def again(client: Any, days: int, target: str) -> int:
    """One that reads every day again, and finds nothing new."""
    result = client.sync(
        target, tables="calls", since=first_day(days), until=TODAY, lookback=100_000, progress=False
    )
    if result.rows_written:
        sys.exit(f"{result.rows_written} rows were written, and nothing was new")
    return result.rows_read


def with_dlt(client: Any, days: int, target: str) -> int:
    """The same days by dlt's own source of web APIs."""
    import dlt
    from dlt.sources.rest_api import rest_api_source

    source = rest_api_source(
        {
            "client": {
                "base_url": client.settings["base_url"],
                "headers": {"X-API-Key": os.environ["BENCHMARK_KEY"]},
                "paginator": {
                    "type": "page_number",
                    "base_page": 1,
                    "page_param": "page",
                    "total_path": None,
                    "stop_after_empty_page": True,
                },
            },
            "resources": [
                {
                    "name": "calls",
                    "primary_key": "call_id",
                    "write_disposition": "merge",
                    "endpoint": {
                        "path": "calls",
                        "data_selector": "$",
                        "params": {
                            "n_per_page": 10_000,
                            "start_date": str(first_day(days)),
                            "end_date": str(TODAY),
                        },
                    },
                }
            ],
        }
    )
    pipeline = dlt.pipeline(
        "benchmark", pipelines_dir=target + "-state", destination=dlt.destinations.duckdb(target)
    )
    pipeline.run(source)
    return int(pipeline.last_trace.last_normalize_info.row_counts["calls"])


MEASURES = {each.__name__: each for each in (read, read_and_insert, load, again, with_dlt)}


def measure(name: str, url: str, days: int, target: str) -> None:
    """Do one thing, and print how long it took and how much memory."""
    import converz

    client = converz.Client(url, os.environ["BENCHMARK_KEY"])
    start = time.perf_counter()
    rows = MEASURES[name](client, days, target)
    seconds = time.perf_counter() - start
    status = Path("/proc/self/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    print(json.dumps({"rows": rows, "seconds": seconds, "peak": int(peak.split()[1]) / 1000}))


def measured(name: str, service: tuple[str, str], days: int, target: str = "-") -> dict[str, float] | None:
    url, key = service
    run = subprocess.run(
        [sys.executable, __file__, "--measure", name, url, str(days), target],
        env=os.environ | {"BENCHMARK_KEY": key, "RUNTIME__DLTHUB_TELEMETRY": "false"},
        check=False,
        capture_output=True,
        text=True,
    )
    if run.returncode:
        lines = run.stderr.strip().splitlines() or ["?"]
        if "ImportError" in lines[-1] or "ModuleNotFoundError" in lines[-1]:
            print(f"left out   {name} {target}: {lines[-1]}")
            return None
        sys.exit(run.stderr)
    found = json.loads(run.stdout.splitlines()[-1])
    print(
        f"{found['seconds']:8.2f} s {found['peak']:6.0f} MB {found['rows']:10,} rows  {name} {target.partition(':')[0]}"
    )
    return found


def postgres() -> Any:
    """The address of a server that is started for this, if it is installed."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "python"))
    try:
        import pytest

        from support.postgres import server
    except ImportError as error:
        print(f"left out   postgresql: {error}")
        return None
    try:
        return server()
    except pytest.skip.Exception as skipped:
        print(f"left out   postgresql: {skipped}")
        return None


class Bounds:
    """What is required, and whether it holds."""

    def __init__(self, judges: bool) -> None:
        self.judges, self.failed = judges, 0

    def __call__(self, what: str, found: float, bound: float, *, least: bool = False) -> None:
        holds = found >= bound if least else found <= bound
        self.failed += not holds
        required = f"{'at least' if least else 'at most'} {bound:g}"
        print(
            f"{('met   ' if holds else 'FAILED') if self.judges else '      '} {what}: {found:.2f} ({required} required)"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--quick", action="store_true", help="a few rows, of which nothing is judged")
    parser.add_argument("--serve", nargs=2, type=int)
    parser.add_argument("--measure", nargs=4)
    options = parser.parse_args()
    if options.serve:
        serve(*options.serve)
        return 0
    if options.measure:
        name, url, days, target = options.measure
        measure(name, url, int(days), target)
        return 0
    rows, days = (QUICK_ROWS, QUICK_DAYS) if options.quick else (options.rows, DAYS)
    bounds = Bounds(not options.quick)
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "PYICEBERG_CATALOG__BENCHMARK__URI": f"sqlite:///{folder}/catalog.db",
            "PYICEBERG_CATALOG__BENCHMARK__WAREHOUSE": f"file://{folder}/lake",
        }
        targets = {
            "duckdb": f"duckdb:{folder}/calls.duckdb",
            "postgresql": postgres(),
            "delta": f"delta:{folder}/delta",
            "iceberg": "iceberg:benchmark.sales",
            "parquet": f"parquet:{folder}/parquet",
        }
        with served(rows, days) as service:
            compare(service, days, targets, folder, bounds)
        # As many rows a day, on ten times as many days.
        seconds = []
        for many in (days, 10 * days):
            with served(10 * many, many) as service:
                target = f"duckdb:{folder}/years{many}.duckdb"
                runs = [measured(name, service, many, target) for name in ("load", "again")]
                seconds.append(sum(run["seconds"] for run in runs if run))
        bounds("ten times the days, in times of ten times the seconds", seconds[1] / seconds[0] / 10, LINEAR)
    return 1 if bounds.judges and bounds.failed else 0


def seconds_of(found: dict[str, float]) -> float:
    return found["seconds"]


def compare(
    service: tuple[str, str], days: int, targets: dict[str, str | None], folder: str, bounds: Bounds
) -> None:
    # Once, so that the sandbox has what it reads in memory.
    measured("read", service, days)
    readings = [measured("read", service, days)]
    plain, first = None, []
    for turn in range(TURNS):
        inserted = measured("read_and_insert", service, days, f"{folder}/plain{turn}.duckdb")
        plain = min(filter(None, (plain, inserted)), key=seconds_of, default=None)
        if loaded := measured("load", service, days, f"duckdb:{folder}/first{turn}.duckdb"):
            first.append(loaded)
    loads, agains = {}, {}
    for name, target in targets.items():
        if target and (loaded := measured("load", service, days, target)):
            loads[name] = loaded
            runs = [measured("again", service, days, target)]
            for _ in range(TURNS - 1 if name == "duckdb" else 0):
                readings.append(measured("read", service, days))
                runs.append(measured("again", service, days, target))
            agains[name] = min(runs, key=seconds_of)
    # A tenth of the days is enough for what takes minutes.
    few = max(days // 10, 2)
    theirs = measured("with_dlt", service, few, f"{folder}/dlt.duckdb")
    ours = measured("load", service, few, f"duckdb:{folder}/few.duckdb")
    if plain and first:
        bounds(
            "first load into DuckDB, beside reading and its own insert",
            min(map(seconds_of, first)) / plain["seconds"],
            LOAD,
        )
    reading = min(readings, key=seconds_of)
    for name, found in agains.items():
        what = f"nothing new in {name}, beside reading the same days"
        ratio = found["seconds"] / reading["seconds"]
        if name == "duckdb":
            bounds(what, ratio, NOTHING_NEW)
        else:
            print(f"       {what}: {ratio:.2f}")
    for name, found in loads.items():
        bounds(f"peak memory of {name}, MB", max(found["peak"], agains[name]["peak"]), MEMORY[name])
    if theirs and ours:
        bounds("times as fast as dlt's rest_api source", theirs["seconds"] / ours["seconds"], DLT, least=True)


if __name__ == "__main__":
    sys.exit(main())
