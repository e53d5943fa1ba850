"""How fast a page is read beside its peers, in memory and over HTTP, and how much memory that takes.

    pip install '.[benchmark]' && python tests/benchmarks/reading.py [--runs N] [--rows N] [--body NAME] [--quick]

The bodies are made by `bodies.py`. In each run every contender has its turn, so that a noisy machine is noisy for all
of them; each has a process of its own, so that no one pays for giving back another's memory, and of each turn the first
time is a warm-up, so that no one pays for caches and memory that went cold while the others had theirs. The table shows
medians and the ratio to us. Peak memory is that of a process which does nothing else, above the body itself. Ends with
status 1 if a requirement fails. `--quick` goes through all of it with a few rows, in seconds, and judges nothing.
"""

from __future__ import annotations

import argparse
import http.server
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

HERE = Path(__file__).parent

# Contenders import what they need when they are first called, which a warm-up run does.


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


def polars_read_json(body: bytes):
    import polars as pl

    return pl.read_json(body, infer_schema_length=None)


def pyarrow_ndjson(body: bytes):
    """Wrong where a text holds `},{`, but the fastest way pyarrow has."""
    import pyarrow as pa
    import pyarrow.json as pj

    return pj.read_json(pa.BufferReader(body[1:-1].replace(b"},{", b"}\n{")))


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
}
BODIES = ("wide", "narrow")
QUICK_ROWS = 2_000
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


class Contender:
    """A process that runs one contender once whenever it is told to, and says how long that took."""

    def __init__(self, *arguments: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--contend", *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.seconds: list[float] = []

    def turn(self) -> None:
        self._run()
        self.seconds.append(self._run())

    def _run(self) -> float:
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def contend(where: str, name: str, *arguments: str) -> None:
    """What such a process does: `name` on a file, or over HTTP on a port, with an encoding and a number of rows."""
    if where == "file":
        run = partial(IN_MEMORY[name], Path(arguments[0]).read_bytes())
    else:
        port, encoding, rows = arguments
        run = partial(OVER_HTTP[name], int(port), encoding, int(rows))
    for _ in sys.stdin:
        start = time.perf_counter()
        result = run()
        elapsed = time.perf_counter() - start
        del result
        print(elapsed, flush=True)


def medians(contenders: dict[str, tuple], runs: int) -> dict[str, float]:
    """The median seconds of each contender, given what it is told."""
    processes = {name: Contender(*arguments) for name, arguments in contenders.items()}
    for run in range(runs):
        for name, process in processes.items():
            if run == 0 or name not in SLOW:
                process.turn()
    for process in processes.values():
        process.close()
    return {name: statistics.median(process.seconds) for name, process in processes.items()}


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
    size = result.nbytes if hasattr(result, "nbytes") else size_of_frame(result)
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--rows", type=int, help="rows of each body; by default the full ones")
    parser.add_argument("--body", choices=BODIES, action="append", help="only this one; by default both")
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
    failed = 0

    def require(what: str, value: float, bound: float, *, at_most: bool = False) -> None:
        nonlocal failed
        if options.quick:
            print(f"run    {what}: {value:.2f}")
            return
        holds = value <= bound if at_most else value >= bound
        failed += not holds
        sign = "<=" if at_most else ">="
        print(f"{'met   ' if holds else 'FAILED'} {what}: {value:.2f} ({sign} {bound} required)")

    with tempfile.TemporaryDirectory() as folder:
        rows = ["--rows", str(options.rows)] if options.rows else []
        subprocess.run(
            [sys.executable, HERE / "bodies.py", folder, "--shuffled", "--missing", *rows], check=True
        )
        for name in options.body or BODIES:
            path = Path(folder) / f"{name}.json"
            body = path.read_bytes()
            count = len(ours(body).values(0))
            print(f"\n{name}: {len(body) / 1e6:.0f} MB, {count:,} rows, in memory")
            took = medians({name: ("file", name, path) for name in IN_MEMORY}, options.runs)
            for contender, seconds in took.items():
                print(
                    f"  {contender:32} {seconds * 1000:8.0f} ms {len(body) / seconds / 1e6:8.0f} MB/s "
                    f"{seconds / took['converz -> polars']:7.2f}"
                )
            require("times polars.read_json", took["polars.read_json"] / took["converz -> polars"], 10)
            require(
                "times pyarrow.json",
                took["pyarrow.json, body made NDJSON"] / took["converz -> pyarrow"],
                6,
            )
            require("times simdjson's parse", took["simdjson, parse only"] / took["converz"], 2)
            variants = {"plain": path} | {
                variant: Path(folder) / f"{name}-{variant}.json" for variant in ("shuffled", "missing")
            }
            took = medians({v: ("file", "converz", file) for v, file in variants.items()}, options.runs)
            speeds = {v: variants[v].stat().st_size / seconds / 1e6 for v, seconds in took.items()}
            for variant in ("shuffled", "missing"):
                speed, plain = speeds[variant], speeds["plain"]
                require(f"{variant} keys, {speed:.0f} MB/s of {plain:.0f}", speed / plain, 0.5)
            above, size = peak("converz", path)
            require(
                f"peak {above:.0f} MiB above the body, by the table's {size:.0f}",
                above / size,
                1.3,
                at_most=True,
            )
            above, size = peak("converz -> polars", path)
            require(
                f"peak {above:.0f} MiB into polars, by the frame's {size:.0f}",
                above / size,
                1.5,
                at_most=True,
            )
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
                took = medians(
                    {each: ("port", each, port, encoding, count) for each in contenders}, options.runs
                )
                print(f"{name} over HTTP, {encoding}")
                for contender, seconds in took.items():
                    print(
                        f"  {contender:32} {seconds * 1000:8.0f} ms {seconds / took['converz -> polars']:7.2f}"
                    )
                if times:
                    peer = took["requests + polars.read_json"] / took["converz -> polars"]
                    require("times requests + polars.read_json", peer, times)
                if encoding == "gzip":
                    away = took["converz -> polars"] / took["received and thrown away"]
                    require("times receiving and throwing away", away, 1.25, at_most=True)
            server.stdin.close()
            server.wait()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
