"""How fast a page is read beside its peers, in memory and over HTTP, and how much memory that takes.

    pip install '.[benchmark]' && python tests/benchmarks/reading.py [--runs N] [--rows N] [--body NAME] [--quick]

The bodies are made by `bodies.py`. In each run every contender has its turn, so that a noisy machine is noisy for all
of them. A turn is a process of its own, which has imported what it needs and reads the body twice: the first time is
*cold*, as a script's read is, the second *warm*. Each is timed by the clock and by the processor time of the process,
which does not depend on who else has a processor. The table shows medians, and each requirement the ratios of all four; it
is judged by the worst of them, unless it says otherwise. Peak memory is that of a process which does nothing else, above
the body itself. Ends with status 1 if a requirement fails. `--quick` goes through all of it with a few rows, in seconds,
and judges nothing.
"""

from __future__ import annotations

import argparse
import http.server
import importlib
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from functools import partial
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent

# What contenders import is imported before their turn, and only by them.


def ours_polars(body: bytes):
    import converz

    return converz.Table(converz._core.decode(body)).to_polars()


def ours_pyarrow(body: bytes):
    import pyarrow as pa

    from converz import _core

    return pa.RecordBatchReader.from_stream(_core.decode(body)).read_all()


def ours(body: bytes):
    from converz import _core

    return _core.decode(body)


def ours_pandas(body: bytes):
    import converz

    return converz.Table(converz._core.decode(body)).to_pandas()


def polars_read_json(body: bytes):
    import polars as pl

    return pl.read_json(body, infer_schema_length=None)


def pyarrow_ndjson(body: bytes):
    """Wrong where a text holds `},{`, but the fastest way pyarrow has."""
    import pyarrow as pa
    import pyarrow.json as pj

    return pj.read_json(pa.BufferReader(body[1:-1].replace(b"},{", b"}\n{")))


def pyarrow_lines(lines: bytes):
    """Of rows that are lines already."""
    import pyarrow as pa
    import pyarrow.json as pj

    # A row may be longer than the block that it takes by default.
    return pj.read_json(pa.BufferReader(lines), read_options=pj.ReadOptions(block_size=4 << 20))


def simdjson_parse(body: bytes):
    import simdjson

    return simdjson.Parser().parse(body)


def orjson_polars(body: bytes):
    import orjson
    import polars as pl

    return pl.DataFrame(orjson.loads(body), infer_schema_length=None)


def json_pandas(body: bytes):
    import pandas as pd

    return pd.DataFrame(json.loads(body))


IN_MEMORY = {
    "converz -> polars": ours_polars,
    "converz -> pyarrow": ours_pyarrow,
    "converz": ours,
    "polars.read_json": polars_read_json,
    "pyarrow.json, body made NDJSON": pyarrow_ndjson,
    "simdjson, parse only": simdjson_parse,
    "orjson + polars": orjson_polars,
    "json + pandas": json_pandas,
    "pyarrow.json, ready-made NDJSON": pyarrow_lines,
    "converz -> pandas": ours_pandas,
}
LIBRARIES = {
    "converz": "converz",
    "polars": "polars",
    "pyarrow": "pyarrow.json",
    "simdjson": "simdjson",
    "orjson": "orjson",
    "pandas": "pandas",
    "requests": "requests",
}
FLAT = ("wide", "narrow")
FLAT_CONTENDERS = (
    "converz -> polars",
    "converz -> pyarrow",
    "converz",
    "polars.read_json",
    "pyarrow.json, body made NDJSON",
    "simdjson, parse only",
    "orjson + polars",
    "json + pandas",
)
HARDER = ("nested", "nested-numbers", "cjk", "escaped", "long-text", "sparse")
HARDER_CONTENDERS = (
    "converz -> polars",
    "converz -> pyarrow",
    "converz",
    "polars.read_json",
    "pyarrow.json, ready-made NDJSON",
    "simdjson, parse only",
)
BODIES = (*FLAT, *HARDER, "texts")
QUICK_ROWS = 200
SLOW = ("orjson + polars", "json + pandas")


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers every request with the body, in the encoding that the path asks for."""

    protocol_version = "HTTP/1.1"
    bodies: dict[str, bytes]

    def do_GET(self) -> None:
        encoding = self.path.split("/")[1]
        body = self.bodies[encoding]
        if "&page=2" in self.path:
            body, encoding = b"[]", "identity"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if encoding != "identity":
            self.send_header("Content-Encoding", encoding)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def serve(path: str) -> None:
    """Serves until standard input ends."""
    import zstandard

    body = Path(path).read_bytes()
    gzip = zlib.compressobj(6, zlib.DEFLATED, 31)
    Handler.bodies = {
        "identity": body,
        "gzip": gzip.compress(body) + gzip.flush(),
        "zstd": zstandard.compress(body, 3),
    }
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


def converz_over_http(port: int, encoding: str, rows: int):
    import converz

    client = converz.Client(f"http://127.0.0.1:{port}/{encoding}", "key", page_size=1_000_000)
    return client.calls(limit=rows).to_polars()


def requests_polars(port: int, encoding: str, _rows: int):
    import polars as pl
    import requests

    answer = requests.get(f"http://127.0.0.1:{port}/{encoding}/calls", timeout=600)
    return pl.read_json(answer.content, infer_schema_length=None)


def thrown_away(port: int, encoding: str, _rows: int) -> int:
    """Receives and decompresses, and keeps nothing."""
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", f"/{encoding}/calls")
    answer = connection.getresponse()
    inflate = None
    if encoding == "gzip":
        inflate = zlib.decompressobj(31).decompress
    elif encoding == "zstd":
        import zstandard

        inflate = zstandard.ZstdDecompressor().decompressobj().decompress
    size = 0
    while chunk := answer.read(256 << 10):
        size += len(inflate(chunk)) if inflate else len(chunk)
    connection.close()
    return size


OVER_HTTP = {
    "converz -> polars": converz_over_http,
    "requests + polars.read_json": requests_polars,
    "received and thrown away": thrown_away,
}


class Times(NamedTuple):
    """Seconds of a process's first read and of its second, by the clock and on processors."""

    cold: float
    warm: float
    cold_processor: float
    warm_processor: float

    def over(self, other: Times) -> Times:
        """How many times as long it took, in each kind."""
        return Times(*(mine / others for mine, others in zip(self, other, strict=True)))

    def __str__(self) -> str:
        return (
            f"warm {self.warm:.2f}, cold {self.cold:.2f}, "
            f"on processors {self.warm_processor:.2f} and {self.cold_processor:.2f}"
        )


def contend(where: str, name: str, *arguments: str) -> None:
    """Runs one contender twice, on a file, or over HTTP on a port with an encoding and a number of rows, and prints how
    long that took."""
    if where == "file":
        body = Path(arguments[0])
        run = partial(
            IN_MEMORY[name], (body.with_suffix(".ndjson") if "ready" in name else body).read_bytes()
        )
    else:
        port, encoding, rows = arguments
        run = partial(OVER_HTTP[name], int(port), encoding, int(rows))
    for library, module in LIBRARIES.items():
        if library in name:
            importlib.import_module(module)
    clock, processor = [], []
    for _ in range(2):
        start, busy = time.perf_counter(), time.process_time()
        result = run()
        clock.append(time.perf_counter() - start)
        processor.append(time.process_time() - busy)
        del result
    print(*clock, *processor)


def medians(contenders: dict[str, tuple], runs: int) -> dict[str, Times]:
    """The median times of each contender, given what it is told."""
    times: dict[str, list[Times]] = {name: [] for name in contenders}
    for run in range(runs):
        for name, arguments in contenders.items():
            if run == 0 or name not in SLOW:
                command = [sys.executable, __file__, "--contend", *map(str, arguments)]
                output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                times[name].append(Times(*map(float, output.split())))
    return {name: Times(*map(statistics.median, zip(*turns, strict=True))) for name, turns in times.items()}


def peak(what: str, path: Path) -> tuple[float, float]:
    """Peak memory above the body, and the size of the result, in MiB, of a process of its own."""
    output = subprocess.run(
        [sys.executable, __file__, "--peak", what, str(path)], check=True, capture_output=True, text=True
    ).stdout.split()
    return float(output[0]), float(output[1])


def resident(what: str) -> int:
    """KiB now (VmRSS) or at most so far (VmHWM). The peak that `resource` knows includes the parent's."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1])
    raise KeyError(what)


def measure_peak(what: str, path: str) -> None:
    body = Path(path).read_bytes()
    contender = IN_MEMORY[what]
    contender(b'[{"call_id":1}]')
    before = resident("VmRSS")
    result = contender(body)
    after = resident("VmHWM")
    size = size_of_frame(result) if what == "converz -> polars" else getattr(result, "nbytes", 0)
    print((after - before) / 1024, size / (1 << 20))


def size_of_frame(frame) -> int:
    """Bytes of a polars frame. Its own estimate counts the text of strings, but a string takes 16 bytes, and its text
    only more if it is longer than 12."""
    import polars as pl

    size = frame.estimated_size()
    for column in frame.select(pl.col(pl.String)):
        length = column.str.len_bytes()
        size += 16 * frame.height - int(length.filter(length <= 12).sum())
    return size


class Judge:
    """Says of each requirement whether it is met."""

    def __init__(self, *, quick: bool) -> None:
        self.quick = quick
        self.failed = 0

    def require(
        self, what: str, value: float | Times, bound: float, *, at_most: bool = False, only_warm: bool = False
    ) -> None:
        shown = f"{value:.2f}" if isinstance(value, float) else str(value)
        if self.quick:
            print(f"run    {what}: {shown}")
            return
        values = [value] if isinstance(value, float) else [value.warm] if only_warm else value
        holds = max(values) <= bound if at_most else min(values) >= bound
        self.failed += not holds
        sign = "<=" if at_most else ">="
        kind = ", warm by the clock" if only_warm else ""
        print(f"{'met   ' if holds else 'FAILED'} {what}: {shown} ({sign} {bound}{kind} required)")


def show(took: dict[str, Times], size: int | None = None) -> None:
    print(f"  {'milliseconds':32} {'warm':>8} {'cold':>8} {'processors':>10} {'cold':>8}")
    for contender, times in took.items():
        warm, cold, processor, cold_processor = (
            round(seconds * 1000)
            for seconds in (times.warm, times.cold, times.warm_processor, times.cold_processor)
        )
        speed = f"{size / times.warm / 1e6:8.0f} MB/s" if size else ""
        print(f"  {contender:32} {warm:8} {cold:8} {processor:10} {cold_processor:8} {speed}")


def in_memory(name: str, path: Path, runs: int, judge: Judge) -> dict[str, Times]:
    """A body beside those that read it from memory."""
    body = path.read_bytes()
    print(f"\n{name}: {len(body) / 1e6:.0f} MB, {len(ours(body).values(0)):,} rows, in memory")
    flat = name in FLAT
    contenders = FLAT_CONTENDERS if flat else HARDER_CONTENDERS
    took = medians({each: ("file", each, path) for each in contenders}, runs)
    show(took, len(body))
    lines = "pyarrow.json, body made NDJSON" if flat else "pyarrow.json, ready-made NDJSON"
    for what, peer, ours_as, bound in (
        ("polars.read_json", "polars.read_json", "converz -> polars", 10 if flat else 5),
        (lines, lines, "converz -> pyarrow", 6 if flat else 2),
        ("simdjson's parse", "simdjson, parse only", "converz", 2),
    ):
        judge.require(f"{name}, times {what}", took[peer].over(took[ours_as]), bound, only_warm=flat)
    above, size = peak("converz", path)
    judge.require(
        f"{name}, peak {above:.0f} MiB above the body, by the table's {size:.0f}",
        above / size,
        1.3,
        at_most=True,
    )
    return took


def flat_variants(name: str, path: Path, runs: int, judge: Judge) -> None:
    """The same rows with their keys in another order, or without some of them; and their peak in polars."""
    variants = {"plain": path} | {
        variant: path.with_name(f"{name}-{variant}.json") for variant in ("shuffled", "missing")
    }
    took = medians({variant: ("file", "converz", file) for variant, file in variants.items()}, runs)
    speeds = {variant: variants[variant].stat().st_size / times.warm / 1e6 for variant, times in took.items()}
    for variant in ("shuffled", "missing"):
        speed, plain = speeds[variant], speeds["plain"]
        judge.require(f"{name}, {variant} keys, {speed:.0f} MB/s of {plain:.0f}", speed / plain, 0.5)
    above, size = peak("converz -> polars", path)
    judge.require(
        f"{name}, peak {above:.0f} MiB into polars, by the frame's {size:.0f}",
        above / size,
        1.5,
        at_most=True,
    )


def over_http(name: str, path: Path, in_memory: Times, runs: int, judge: Judge) -> None:
    """A body as a service sends it."""
    count = len(ours(path.read_bytes()).values(0))
    server = subprocess.Popen(
        [sys.executable, __file__, "--serve", str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    port = int(server.stdout.readline())
    for encoding, times in (("identity", 10), ("gzip", 8), ("zstd", None)):
        # What requests decompresses depends on what else is installed.
        contenders = [each for each in OVER_HTTP if encoding != "zstd" or "requests" not in each]
        took = medians({each: ("port", each, port, encoding, count) for each in contenders}, runs)
        print(f"{name} over HTTP, {encoding}")
        show(took)
        mine = took["converz -> polars"]
        if times:
            peer = took["requests + polars.read_json"].over(mine)
            judge.require(f"{name}, {encoding}, times requests + polars.read_json", peer, times)
        if encoding == "identity":
            judge.require(f"{name}, times the same in memory", mine.over(in_memory), 1.2, at_most=True)
        if encoding == "gzip":
            away = mine.over(took["received and thrown away"])
            judge.require(
                f"{name}, gzip, times receiving and throwing away", away, 1.25, at_most=True, only_warm=True
            )
    server.stdin.close()
    server.wait()


def into_pandas(path: Path, runs: int, judge: Judge) -> None:
    """Many columns of text."""
    print(f"\ntexts: {path.stat().st_size / 1e6:.0f} MB, into pandas")
    contenders = ("converz -> pandas", "converz -> pyarrow")
    took = medians({each: ("file", each, path) for each in contenders}, runs)
    show(took)
    into, arrow = (took[each] for each in contenders)
    judge.require("texts, pandas by pyarrow", into.over(arrow), 1.5, at_most=True)
    (above, _), (_, size) = peak("converz -> pandas", path), peak("converz", path)
    judge.require(
        f"texts, peak {above:.0f} MiB into pandas, by the table's {size:.0f}", above / size, 1.5, at_most=True
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--rows", type=int, help="rows of each body; by default the full ones")
    parser.add_argument("--body", choices=BODIES, action="append", help="only this one; by default all")
    parser.add_argument("--quick", action="store_true", help="a few rows, and nothing is judged")
    parser.add_argument("--peak", nargs=2)
    parser.add_argument("--serve")
    parser.add_argument("--contend", nargs="+")
    options = parser.parse_args()
    if options.peak:
        measure_peak(*options.peak)
        return 0
    if options.serve:
        serve(options.serve)
        return 0
    if options.contend:
        contend(*options.contend)
        return 0
    if options.quick:
        options.rows, options.runs = QUICK_ROWS, 1
    judge = Judge(quick=options.quick)
    with tempfile.TemporaryDirectory() as folder:
        rows = ["--rows", str(options.rows)] if options.rows else []
        subprocess.run(
            [sys.executable, HERE / "bodies.py", folder, "--shuffled", "--missing", *rows], check=True
        )
        for name in options.body or BODIES:
            path = Path(folder) / f"{name}.json"
            if name == "texts":
                into_pandas(path, options.runs, judge)
                continue
            took = in_memory(name, path, options.runs, judge)
            if name in FLAT:
                flat_variants(name, path, options.runs, judge)
                over_http(name, path, took["converz -> polars"], options.runs, judge)
    return 1 if judge.failed else 0


if __name__ == "__main__":
    sys.exit(main())
