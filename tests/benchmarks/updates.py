"""How fast an update is written beside a peer, and how much memory it takes.

A million rows of five columns, from polars and from pandas, in one run with the peer: pandas' `to_dict` and
`json.dumps`, which is what `requests.post(json=...)` does, both row-wise (`to_dict("records")`, which most write) and
columnar (`to_dict("list")`, which is faster). Every measurement has a process of its own. Encoding is compared by the
processor's time, of all threads, so that it does not matter what else the machine does; sending by the clock.

Run `python tests/benchmarks/updates.py [rows]` on a release build. It ends with status 1 if a requirement fails. With
`--quick` instead of a number it goes through all of it with a few rows, and judges nothing.
"""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np

ROWS = 1_000_000
QUICK_ROWS = 5_000
REQUEST_ROWS = 100_000
RUNS = 3
BODY = 16 << 20
"""`max_update_bytes`, as it is by default."""

RATIO = 15
"""How many times faster than the peer encoding must be."""


def columns(rows: int) -> dict[str, object]:
    """Draw the keys in no order, and for each row a string, a number (one in ten is null), a bool and a time."""
    random = np.random.default_rng(1)
    score = random.random(rows).round(4)
    score[random.random(rows) < 0.1] = np.nan
    start = np.datetime64("2025-01-01T00:00:00", "us")
    return {
        "call_id": random.permutation(rows) + 1,
        "campaign": np.array(["sales", "service", "winback \u20ac", "retention"], dtype=object)[
            random.integers(0, 4, rows)
        ],
        "score": score,
        "resolved": random.random(rows) < 0.5,
        "checked_at": start + random.integers(0, 10**7, rows).astype("timedelta64[s]"),
    }


def pandas_frame(rows: int):
    import pandas as pd

    return pd.DataFrame(columns(rows)).astype({"campaign": "str"})


def polars_frame(rows: int):
    import polars as pl

    drawn = columns(rows)
    frame = pl.DataFrame(drawn | {"campaign": drawn["campaign"].tolist()})
    return frame.with_columns(pl.col("score").fill_nan(None))


FRAMES = {"pandas": pandas_frame, "polars": polars_frame}


def peer_bodies(frame, orient: str):
    """Yield what `requests.post(json=...)` would send; times and nulls have to be made ready for it."""
    for start in range(0, len(frame), REQUEST_ROWS):
        rows = frame.iloc[start : start + REQUEST_ROWS]
        rows = rows.assign(
            checked_at=rows["checked_at"].dt.strftime("%Y-%m-%d %H:%M:%S"),
            score=rows["score"].astype(object).where(rows["score"].notna(), None),
        )
        yield json.dumps(rows.to_dict(orient=orient), allow_nan=False).encode()


def encode(frame, url: str | None) -> None:
    import converz

    client = converz.Client(url or "http://127.0.0.1:9", "none")
    if url:
        client.update_calls(frame, progress=False)
        return
    for request in client.update_calls(frame, dry_run=True):
        assert request.bytes == len(request.body)


def send_as_peer(frame, orient: str, url: str | None) -> None:
    connection = http.client.HTTPConnection(url.removeprefix("http://")) if url else None
    for body in peer_bodies(frame, orient):
        if connection:
            connection.request("POST", "/api/v1/calls", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200


def memory(name: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    line = next(line for line in lines if line.startswith(name))
    return int(line.split()[1]) * 1024


def measure(what: str, library: str, rows: int, url: str | None) -> dict[str, float]:
    """Take the time and the memory of one case, in this process."""
    frame = FRAMES[library](rows)
    size = int(
        frame.memory_usage(index=False, deep=True).sum() if library == "pandas" else frame.estimated_size()
    )

    def run(part) -> None:
        if what == "converz":
            encode(part, url)
        else:
            send_as_peer(part, what, url)

    # Libraries that are loaded at first use are not what is measured.
    run(frame[:1000])
    runs = RUNS if what == "converz" else 1
    seconds, busy, extra = [], [], 0
    for _ in range(runs):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # Forgets the peak so far.
        before = memory("VmRSS")
        begin, begin_busy = time.perf_counter(), time.process_time()
        run(frame)
        seconds.append(time.perf_counter() - begin)
        busy.append(time.process_time() - begin_busy)
        extra = max(extra, memory("VmHWM") - before)
    return {"seconds": min(seconds), "busy": min(busy), "extra": extra, "size": size}


def sink() -> tuple[str, socket.socket]:
    """Serve a sink that reads whatever comes and says so."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        buffer = memoryview(bytearray(1 << 20))
        with connection, connection.makefile("rb", buffering=1 << 16) as stream:
            while line := stream.readline():
                length = 0
                while line not in (b"\r\n", b""):
                    name, _, value = line.partition(b":")
                    if name.lower() == b"content-length":
                        length = int(value)
                    line = stream.readline()
                while length:
                    length -= stream.readinto(buffer[: min(length, len(buffer))]) or length
                answer = b"{}"
                head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                connection.sendall(head % len(answer) + answer)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}", listener


def case(what: str, library: str, rows: int, url: str = "") -> dict[str, float]:
    command = [sys.executable, __file__, "--case", what, library, str(rows), url]
    finished = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(finished.stdout)


def main(rows: int, *, judged: bool = True) -> int:
    url, listener = sink()
    failed = False
    print(f"{rows:,} rows of five columns; memory is what a run adds to the process that holds the frame\n")
    print(
        f"{'':33}{'seconds':>9}{'processor':>11}{'memory':>12}{'frame':>11}   times as fast as records, list"
    )
    for step, target, clock in (("encode", "", "busy"), ("send", url, "seconds")):
        peers = {orient: case(orient, "pandas", rows, target) for orient in ("records", "list")}
        for orient, peer in peers.items():
            print(line(f"{step}, to_dict({orient!r}) + json", peer))
        for library in FRAMES:
            ours = case("converz", library, rows, target)
            records, columns = (peer[clock] / ours[clock] for peer in peers.values())
            print(line(f"{step}, converz from {library}", ours) + f"   {records:.1f}, {columns:.1f}")
            if not judged:
                continue
            if step == "encode":
                least = min(records, columns)
                failed |= verdict(f"at least {RATIO} times faster to encode than either", least >= RATIO)
            failed |= verdict(
                f"memory within two bodies ({2 * BODY / 1e6:.1f} MB)", ours["extra"] <= 2 * BODY
            )
    listener.close()
    return int(failed)


def line(what: str, measured: dict[str, float]) -> str:
    times = f"{measured['seconds']:7.3f} s{measured['busy']:9.3f} s"
    return f"{what:33}{times}{measured['extra'] / 1e6:9.1f} MB{measured['size'] / 1e6:8.1f} MB"


def verdict(what: str, holds: bool) -> bool:
    print(f"    {'ok  ' if holds else 'FAIL'} {what}")
    return not holds


if __name__ == "__main__":
    if sys.argv[1:2] == ["--case"]:
        what, library, rows, url = sys.argv[2:]
        json.dump(measure(what, library, int(rows), url or None), sys.stdout)
    elif sys.argv[1:] == ["--quick"]:
        sys.exit(main(QUICK_ROWS, judged=False))
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS))
