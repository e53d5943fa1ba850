"""Does what it is told on standard input, and says how it was interrupted. See test_interrupts.py."""

import importlib
import json
import signal
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path
from unittest.mock import patch

import converz

for library in ("pandas", "polars", "pyarrow", "pyarrow.compute", "pyarrow.dataset", "duckdb"):
    importlib.import_module(library)


def consume_loop(client):
    with client.stream_calls() as stream:
        for _ in stream:
            pass


def consume_pyarrow(client):
    import pyarrow as pa

    pa.table(client.stream_calls())


def consume_pyarrow_reader(client):
    import pyarrow as pa

    pa.RecordBatchReader.from_stream(client.stream_calls()).read_all()


def consume_pyarrow_dataset(client):
    import pyarrow.dataset as ds

    with tempfile.TemporaryDirectory() as folder:
        ds.write_dataset(client.stream_calls(), folder, format="parquet")


def consume_pyarrow_dataset_reader(client):
    import pyarrow as pa
    import pyarrow.dataset as ds

    with tempfile.TemporaryDirectory() as folder:
        reader = pa.RecordBatchReader.from_stream(client.stream_calls())
        ds.write_dataset(reader, folder, format="parquet")


def consume_polars(client):
    import polars as pl

    pl.DataFrame(client.stream_calls())


def consume_duckdb(client):
    import duckdb

    stream = client.stream_calls()
    duckdb.sql("select max(call_id) from stream").fetchall()


def consume_pandas(client):
    import pandas as pd

    pd.DataFrame.from_arrow(client.stream_calls())


def scan(client):
    import polars as pl

    # Settled columns, so that the first page is that of `collect`.
    return client.scan_calls(columns=["call_id", "campaign"]).filter(pl.col("call_id") >= 0)


def scan_join(client):
    scan(client).join(scan(client).select("call_id"), on="call_id").collect()


def late_scan_join(client):
    """Begin the second source when the signal has come, as happens on a busy machine."""
    from converz._lazy.source import Source

    begin = Source._open
    first = threading.Lock()
    reader, writer = socket.socketpair()
    writer.setblocking(False)

    def begin_late(source, *arguments):
        if not first.acquire(blocking=False):
            # Python writes there as soon as a signal comes, whatever the main thread waits for.
            reader.recv(1)
        return begin(source, *arguments)

    signal.set_wakeup_fd(writer.fileno())
    try:
        with patch.object(Source, "_open", begin_late):
            scan_join(client)
    finally:
        signal.set_wakeup_fd(-1)
        reader.close()
        writer.close()


KEPT = []


def kept_scan(client):
    """Keep what polars reads from where it stands, as polars itself does now and then."""
    from converz._lazy.source import Source

    read = Source.read

    def read_and_keep(source, *arguments):
        rows = read(source, *arguments)
        KEPT.append(rows)
        return (frame for frame in rows)

    with patch.object(Source, "read", read_and_keep):
        scan(client).collect()


def update(client):
    client.update_calls({"call_id": [1, 2, 3, 4], "note": ["a" * 700, "b" * 700, "c" * 700, "d" * 700]})


def update_from_progress(client):
    def stop(rows, size):
        if rows:
            message = "enough"
            raise ZeroDivisionError(message)

    frame = {"call_id": [1, 2, 3, 4], "note": ["a" * 700, "b" * 700, "c" * 700, "d" * 700]}
    client.update_calls(frame, progress=stop)


DO = {
    "calls": lambda client: client.calls(),
    "report": lambda client: client.report(),
    "loop": consume_loop,
    "pyarrow": consume_pyarrow,
    "pyarrow reader": consume_pyarrow_reader,
    "pyarrow dataset": consume_pyarrow_dataset,
    "pyarrow dataset reader": consume_pyarrow_dataset_reader,
    "polars": consume_polars,
    "pandas": consume_pandas,
    "duckdb": consume_duckdb,
    "scan": lambda client: scan(client).collect(),
    "scan head": lambda client: scan(client).head(1000).collect(),
    "scan streaming": lambda client: scan(client).collect(engine="streaming"),
    "scan batches": lambda client: list(scan(client).collect_batches()),
    "scan join": scan_join,
    "late scan join": late_scan_join,
    "kept scan": kept_scan,
    "update": update,
    "update from progress": update_from_progress,
}


def threads():
    """Count the threads of the client; those of other libraries stay for ever."""
    return sum(file.read_text().startswith("converz") for file in Path("/proc/self/task").glob("*/comm"))


def seconds_until_idle():
    """Return how long the processor is still busy with what was interrupted."""
    start = time.monotonic()
    used = 1
    while used > 0.05:
        before = time.process_time()
        time.sleep(0.2)
        used = time.process_time() - before
    return time.monotonic() - start


def main():
    url = sys.argv[1]
    settings = {"page_size": 10, "max_concurrency": 1, "max_update_bytes": 1024}
    client = converz.Client(url, "key", **settings)
    client.reps()
    for line in sys.stdin:
        task = json.loads(line)
        if task["do"] == "rest":
            print(json.dumps({"seconds": seconds_until_idle()}), flush=True)
            continue
        if task["do"] == "threads":
            # The two that serve connections stay; those that decode go when they have nothing to do.
            deadline = time.monotonic() + 20
            while threads() > 2 and time.monotonic() < deadline:
                time.sleep(0.05)
            print(json.dumps({"threads": threads()}), flush=True)
            continue
        answer = {"raised": None}
        error = None
        try:
            try:
                DO[task["do"]](converz.Client(task["url"], "key", **settings) if task.get("url") else client)
            except BaseException as caught:
                error = caught
                answer["at"] = time.monotonic()
                # A second signal, if there is one, comes here.
                time.sleep(0.05)
        except KeyboardInterrupt:
            answer["at"] = time.monotonic()
            answer["again"] = "KeyboardInterrupt"
        if error is not None:
            answer["raised"] = type(error).__name__
            answer["text"] = str(error)
            cause = error.__cause__
            if isinstance(cause, converz.UpdateError):
                answer["committed"] = cause.committed
                answer["in_doubt"] = cause.in_doubt
                answer["unsent"] = cause.unsent
                answer["remaining"] = cause.remaining.to_pydict()["call_id"]
        answer["works"] = client.reps().num_rows
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
