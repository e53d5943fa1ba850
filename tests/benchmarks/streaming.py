"""How much memory an export of ten million conversations to Parquet takes, and how long.

    pip install '.[benchmark]' && python tests/benchmarks/streaming.py [--rows N] [--quick]

A server process makes up the pages; the process that streams them does nothing else. Ends with status 1 if its peak
memory, the libraries' own included, is over the bound; with `--quick` it is only a few pages, whose memory is not judged.
"""

from __future__ import annotations

import argparse
import http.server
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

ROWS = 10_000_000
QUICK_ROWS = 250_000
BOUND_MB = 300


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with the page that is asked for: the ids differ, the rest repeats every 1,000 rows."""

    protocol_version = "HTTP/1.1"
    rows = ROWS

    def do_GET(self) -> None:
        query = {name: int(values[0]) for name, values in parse_qs(urlsplit(self.path).query).items()}
        start = (query["page"] - 1) * query["n_per_page"]
        stop = min(start + query["n_per_page"], self.rows)
        rows = (f'{{"call_id":{number}{RESTS[number % 1000]}' for number in range(start, stop))
        body = f"[{','.join(rows)}]".encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


RESTS = [
    f',"rep_id":"rep{n % 97}","campaign":"{("sales", "service", "support")[n % 3]}",'
    f'"start_time":"2025-07-{n % 28 + 1:02} {n % 24:02}:{n % 60:02}:00","duration_s":{n * 7},"talk_ratio":{n / 1000}}}'
    for n in range(1000)
]


def serve(rows: int) -> None:
    """Serves until standard input ends."""
    Handler.rows = rows
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


def export(port: int, path: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    import converz

    client = converz.Client(f"http://127.0.0.1:{port}", "key")
    with client.stream_calls(progress=False) as stream:
        reader = pa.RecordBatchReader.from_stream(stream)
        with pq.ParquetWriter(path, reader.schema) as writer:
            for batch in reader:
                writer.write_batch(batch)
    status = Path("/proc/self/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    print(stream.receipt.rows, stream.receipt.bytes_received, int(peak.split()[1]) / 1000)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--quick", action="store_true", help="a few pages, whose memory is not judged")
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--export", nargs=2)
    options = parser.parse_args()
    if options.serve:
        serve(options.rows)
        return 0
    if options.export:
        export(int(options.export[0]), options.export[1])
        return 0
    if options.quick:
        options.rows = QUICK_ROWS
    command = [sys.executable, __file__]
    server = subprocess.Popen(
        [*command, "--serve", "--rows", str(options.rows)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    port = server.stdout.readline().strip()
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        output = subprocess.run(
            [*command, "--export", port, f"{folder}/calls.parquet"],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout
        seconds = time.perf_counter() - start
        size = Path(folder, "calls.parquet").stat().st_size
    server.stdin.close()
    server.wait()
    rows, received, peak = (float(part) for part in output.split())
    print(
        f"{rows:,.0f} rows, {received / 1e6:,.0f} MB of JSON to {size / 1e6:,.0f} MB of Parquet in {seconds:.0f} s"
    )
    if options.quick:
        return 0 if rows == options.rows else 1
    holds = rows == options.rows and peak < BOUND_MB
    print(f"{'met   ' if holds else 'FAILED'} peak memory: {peak:.0f} MB (< {BOUND_MB} required)")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
