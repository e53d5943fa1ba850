"""What it takes to export a million conversations to a file by the command, beside reading them and beside its peers.

    pip install '.[benchmark]' && python tests/benchmarks/exporting.py [--rows N] [--runs N] [--peers N] [--quick]

A sandbox in a process of its own serves the rows. In each run every contender has its turn, a new process each; *thrown
away* is `stream_calls` whose batches nobody keeps. The tables show medians: seconds by the clock, seconds that the process
had processors, and its peak memory, the libraries' own included. The start of the command is measured beside a Python that
does nothing. Ends with status 1 if a requirement fails. `--quick` goes through all of it with a few rows, and judges nothing
but that every file has every row.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROWS, QUICK_ROWS = 1_000_000, 3_000
PAGE = 100_000
STARTS = 20
COMMAND = [sys.executable, "-c", "import sys; from converz.__main__ import main; sys.exit(main())"]
STREAM = """
import converz
with converz.Client().stream_calls(progress=False) as stream:
    for batch in stream:
        pass
"""
PAGES = f"""
import os, sys, requests
session = requests.Session()
session.headers["X-API-Key"] = os.environ["CONVERZ_API_KEY"]
def pages():
    number = 1
    while True:
        answer = session.get(os.environ["CONVERZ_BASE_URL"] + "/api/v1/calls", params={{"n_per_page": {PAGE}, "page": number}})
        answer.raise_for_status()
        if answer.content == b"[]":
            return
        yield answer
        number += 1
"""
POLARS = """
import polars as pl
frames = [pl.read_json(page.content, infer_schema_length=None) for page in pages()]
pl.concat(frames, how="diagonal_relaxed").write_parquet(sys.argv[1])
"""
PANDAS = """
import pandas as pd
pd.concat([pd.DataFrame(page.json()) for page in pages()]).to_{0}(sys.argv[1], index=False)
"""

THROWN_AWAY = "stream_calls, thrown away"
OURS = {
    "converz calls -o calls.parquet": ("parquet", [*COMMAND, "calls", "-q", "-o"]),
    "converz calls -o calls.csv": ("csv", [*COMMAND, "calls", "-q", "-o"]),
}
PEERS = {
    "requests + polars, Parquet": ("parquet", [sys.executable, "-c", PAGES + POLARS]),
    "requests + pandas, Parquet": ("parquet", [sys.executable, "-c", PAGES + PANDAS.format("parquet")]),
    "requests + pandas, CSV": ("csv", [sys.executable, "-c", PAGES + PANDAS.format("csv")]),
}
REQUIRED = {"converz calls -o calls.parquet": 1.15, "converz calls -o calls.csv": 1.5}
"""How many times as long as reading alone a file may take."""
MEMORY_MB = 300
START_MS = 60


class Turn(NamedTuple):
    """What a process took."""

    clock: float
    processors: float
    memory_mb: float


def turn(command: list[str], environment: dict[str, str], **how: object) -> Turn:
    start = time.perf_counter()
    process = subprocess.Popen(command, env=environment, **how)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    clock = time.perf_counter() - start
    if process.returncode != 0:
        message = f"{command[-2:]} ended with {process.returncode}"
        raise SystemExit(message)
    peak = usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    return Turn(clock, usage.ru_utime + usage.ru_stime, peak)


def rows_of(path: Path) -> int:
    import polars as pl

    lazy = pl.scan_parquet(path) if path.suffix == ".parquet" else pl.scan_csv(path, infer_schema=False)
    return lazy.select(pl.len()).collect().item()


def median(turns: list[Turn]) -> Turn:
    return Turn(*map(statistics.median, zip(*turns, strict=True)))


def export(environment: dict[str, str], rows: int, runs: int, runs_of_peers: int) -> dict[str, Turn]:
    turns: dict[str, list[Turn]] = {}
    for run in range(runs):
        turns.setdefault(THROWN_AWAY, []).append(turn([sys.executable, "-c", STREAM], environment))
        for name, (ending, command) in (OURS | PEERS).items():
            if name in PEERS and run >= runs_of_peers:
                continue
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, f"calls.{ending}")
                turns.setdefault(name, []).append(turn([*command, str(path)], environment))
                written = rows_of(path)
            if written != rows:
                message = f"{name} wrote {written:,} rows"
                raise SystemExit(message)
    return {name: median(each) for name, each in turns.items()}


def starts(environment: dict[str, str], count: int) -> tuple[Turn, Turn]:
    """The help of the commands, and Python alone, in turn."""
    silent = {"stdout": subprocess.DEVNULL}
    pairs = [
        (turn([*COMMAND, "--help"], environment, **silent), turn([sys.executable, "-c", ""], environment))
        for _ in range(count)
    ]
    ours, python = zip(*pairs, strict=True)
    return median(ours), median(python)


def judged(is_met: bool, text: str) -> bool:
    print(f"{'met   ' if is_met else 'FAILED'} {text}")
    return is_met


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peers", type=int, default=1, help="runs in which the peers have a turn")
    parser.add_argument("--quick", action="store_true", help="a few rows, and nothing is judged")
    options = parser.parse_args()
    if options.quick:
        options.rows, options.runs = QUICK_ROWS, 1
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CONVERZ_")}
    environment["CONVERZ_SANDBOX_API_KEY"] = environment["CONVERZ_API_KEY"] = "benchmark"
    server = subprocess.Popen(
        [*COMMAND, "sandbox", "--calls", str(options.rows)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        environment["CONVERZ_BASE_URL"] = server.stdout.readline().split()[-1]
        measured = export(environment, options.rows, options.runs, options.peers)
        helped, python = starts(environment, 1 if options.quick else STARTS)
    finally:
        server.terminate()
        server.wait()
    print(f"{options.rows:,} conversations, medians\n")
    print(f"{'':34}{'clock':>9}{'processors':>12}{'memory':>10}{'of reading':>12}")
    alone = measured[THROWN_AWAY]
    for name, (clock, processors, memory) in measured.items():
        print(f"{name:34}{clock:7.2f} s{processors:10.2f} s{memory:7.0f} MB{clock / alone.clock:11.2f} x")
    print(f"{'converz --help':34}{helped.clock * 1000:6.0f} ms{helped.processors * 1000:9.0f} ms")
    print(f"{'python alone':34}{python.clock * 1000:6.0f} ms{python.processors * 1000:9.0f} ms\n")
    if options.quick:
        return 0
    holds = True
    for name, bound in REQUIRED.items():
        ratio = measured[name].clock / alone.clock
        holds &= judged(ratio <= bound, f"{name}: {ratio:.2f} times reading (<= {bound} required)")
        memory = measured[name].memory_mb
        holds &= judged(memory <= MEMORY_MB, f"{name}: {memory:.0f} MB (<= {MEMORY_MB} required)")
    # By processor time: how long a start waits for a processor is the machine's affair.
    start = helped.processors * 1000
    holds &= judged(start < START_MS, f"converz --help: {start:.0f} ms (< {START_MS} required)")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
