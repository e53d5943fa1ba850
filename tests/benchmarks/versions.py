"""Whether one version of the package is as fast as another: reads and updates by both, in turn, in one run.

    python tests/benchmarks/versions.py BEFORE AFTER [--runs N] [--rows N] [--quick]

BEFORE and AFTER are Python interpreters of two virtual environments, each with a release build of the package and the
libraries of its extra `benchmark`. Every measurement is a process of its own: `reading.py` decodes a body and reads it over
HTTP, cold and warm, and `updates.py` encodes and sends an update. The table shows the medians' ratios, after by before,
by the clock and by the time that the process had processors. Ends with status 1 if anything takes more than a tenth longer
on processors, cold reads aside, where a few milliseconds are much. `--quick` goes through all of it with a few rows, judges
nothing, and takes its own interpreter for both where none is given.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import updates

HERE = Path(__file__).parent
BOUND = 1.1
QUICK_ROWS = 500
BODIES = ("wide", "narrow", "nested", "texts")
KINDS = ("warm", "cold", "warm on processors", "cold on processors")


def run(python: str, program: str, *arguments: object) -> str:
    command = [python, HERE / program, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def reading(python: str, *what: object) -> dict[str, float]:
    times = run(python, "reading.py", "--contend", *what).split()
    return dict(zip(KINDS, map(float, times), strict=True))


def updating(python: str, library: str, rows: int, url: str) -> dict[str, float]:
    measured = json.loads(run(python, "updates.py", "--case", "converz", library, rows, url))
    return {"warm": measured["seconds"], "warm on processors": measured["busy"]}


def cases(folder: Path, rows: int | None, sink: str):
    """What is measured: a name, and a function of an interpreter that says how long it takes."""
    for name in BODIES:
        path = folder / f"{name}.json"
        for contender in ("converz", "converz -> polars", "converz -> pandas"):
            yield (
                f"{name}, in memory, {contender}",
                reading,
                ("file", contender, path),
            )
    for name in ("wide", "narrow"):
        path = folder / f"{name}.json"
        server = subprocess.Popen(
            [sys.executable, HERE / "reading.py", "--serve", path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            port = int(server.stdout.readline())
            count = path.read_bytes().count(b'"call_id"')
            for encoding in ("identity", "gzip"):
                what = ("http", "converz -> polars", port, encoding, count)
                yield f"{name}, over HTTP, {encoding}", reading, what
        finally:
            server.stdin.close()
            server.wait()
    for library in updates.FRAMES:
        for step, url in (("encode", ""), ("send", sink)):
            what = (library, rows or updates.ROWS, url)
            yield f"update, {step}, from {library}", updating, what


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", nargs="?", default=sys.executable)
    parser.add_argument("after", nargs="?", default=sys.executable)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--rows", type=int, help="rows of each body and of the updates; by default the full ones"
    )
    parser.add_argument("--quick", action="store_true", help="a few rows, and nothing is judged")
    options = parser.parse_args()
    if options.quick:
        options.rows, options.runs = QUICK_ROWS, 1
    elif options.before == options.after:
        parser.error("BEFORE and AFTER are to be two interpreters")
    sink, listener = updates.sink()
    failed = 0
    print(f"after by before, medians of {options.runs}\n")
    print(f"{'':44}" + "".join(f"{kind:>20}" for kind in KINDS))
    with tempfile.TemporaryDirectory() as folder:
        rows = ["--rows", options.rows] if options.rows else []
        run(sys.executable, "bodies.py", folder, *rows)
        for name, measure, what in cases(Path(folder), options.rows, sink):
            turns: tuple[list[dict[str, float]], ...] = ([], [])
            both = list(zip((options.before, options.after), turns, strict=True))
            for turn in range(options.runs):
                # Whoever comes second finds the machine as the first left it, so they change places.
                for python, measured in both if turn % 2 else reversed(both):
                    measured.append(measure(python, *what))
            before, after = (
                {kind: statistics.median(each[kind] for each in measured) for kind in measured[0]}
                for measured in turns
            )
            ratios = {kind: after[kind] / before[kind] for kind in before}
            slower = not options.quick and ratios["warm on processors"] > BOUND
            failed += slower
            shown = "".join(f"{ratios[kind]:20.2f}" if kind in ratios else f"{'':20}" for kind in KINDS)
            print(f"{name:44}{shown}{'   FAILED' if slower else ''}", flush=True)
    listener.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
