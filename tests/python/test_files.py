"""`write_parquet`, `write_csv`, `write_ndjson`, `write_ipc`: what other libraries read back, and what is left behind."""

from __future__ import annotations

import gzip
import io
import json
import pathlib
import signal
import subprocess
import sys
import textwrap
import time

import pytest

import converz

WRITERS = ("write_parquet", "write_csv", "write_ndjson", "write_ipc")


@pytest.fixture
def calls(client):
    return client.calls(metric=["csat", "talk_ratio", "resolved"])


def test_parquet_is_read_back(calls, tmp_path):
    import duckdb
    import pandas as pd
    import polars as pl
    import pyarrow.parquet as pq

    path = tmp_path / "calls.parquet"
    calls.write_parquet(path)
    assert pq.read_table(path).equals(calls.to_arrow())
    assert pl.read_parquet(path).equals(calls.to_polars())
    assert duckdb.sql(f"from '{path}'").to_arrow_table().num_rows == calls.num_rows
    assert pd.read_parquet(path).shape == calls.shape


@pytest.mark.parametrize("writer", WRITERS)
def test_an_address_is_no_path(calls, client, writer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # Made by whoever meant something else: a file would be in there, and nobody would look for it.
    (tmp_path / "s3:" / "bucket").mkdir(parents=True)
    for written in (calls, client.stream_calls()):
        with pytest.raises(
            converz.InvalidInputError, match=r"'s3://bucket/calls' is an address.*fsspec.open"
        ):
            getattr(written, writer)("s3://bucket/calls")
    assert list((tmp_path / "s3:" / "bucket").iterdir()) == []


def test_parquet_says_what_was_asked_for_and_not_the_key(calls, sandbox, tmp_path):
    import pyarrow.parquet as pq

    path = tmp_path / "calls.parquet"
    calls.write_parquet(path)
    metadata = pq.read_metadata(path).metadata
    assert ["metric", "csat,talk_ratio,resolved"] in json.loads(metadata[b"converz:query"])
    assert json.loads(metadata[b"converz:receipt"])["rows"] == calls.num_rows
    assert sandbox.api_key.encode() not in path.read_bytes()


def test_ipc_is_read_back(calls, tmp_path):
    import polars as pl
    import pyarrow as pa

    for compression in ("zstd", "uncompressed"):
        path = tmp_path / f"{compression}.arrow"
        calls.write_ipc(path, compression=compression)
        with pa.ipc.open_file(path) as file:
            assert file.read_all().equals(calls.to_arrow())
        assert pl.read_ipc(path).equals(calls.to_polars())


def test_csv_is_read_back(calls, tmp_path):
    import duckdb
    import pandas as pd
    import polars as pl

    path = tmp_path / "calls.csv"
    calls.write_csv(path)
    assert pl.read_csv(path, try_parse_dates=True).equals(calls.to_polars())
    read = pd.read_csv(path, parse_dates=["start_time", "date"])
    expected = calls.to_pandas()
    for name in calls.column_names:
        assert read[name].isna().tolist() == expected[name].isna().tolist(), name
        there = expected[name].notna()
        assert read[name][there].tolist() == expected[name][there].tolist(), name
    rows = duckdb.sql(f"select call_id, start_time, summary from '{path}' order by call_id").fetchall()
    columns = calls.to_pydict()
    assert rows == list(zip(*(columns[name] for name in ("call_id", "start_time", "summary")), strict=True))


def test_ndjson_is_read_back(calls, tmp_path):
    path = tmp_path / "calls.ndjson.gz"
    calls.write_ndjson(path)
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    columns = calls.to_pydict()
    for name, values in columns.items():
        texts = [str(value) if hasattr(value, "isoformat") else value for value in values]
        assert [row[name] for row in rows] == texts, name


def with_polars(name, path):
    import polars as pl

    read = {"parquet": pl.read_parquet, "csv": pl.read_csv, "ndjson": pl.read_ndjson, "ipc": pl.read_ipc}
    return read[name](path).to_dict(as_series=False)


def with_pandas(name, path):
    import pandas as pd

    read = {
        "parquet": pd.read_parquet,
        "csv": pd.read_csv,
        "ndjson": lambda path: pd.read_json(path, lines=True, dtype=False, precise_float=True),
        "ipc": pd.read_feather,
    }
    frame = read[name](path).astype(object)
    return frame.where(frame.notna(), None).to_dict("list")


def with_pyarrow(name, path):
    import pyarrow.csv
    import pyarrow.feather
    import pyarrow.json
    import pyarrow.parquet

    read = {
        "parquet": pyarrow.parquet.read_table,
        "csv": lambda path: pyarrow.csv.read_csv(
            path, convert_options=pyarrow.csv.ConvertOptions(strings_can_be_null=True)
        ),
        "ndjson": pyarrow.json.read_json,
        "ipc": pyarrow.feather.read_table,
    }
    return read[name](path).to_pydict()


def with_duckdb(name, path):
    import duckdb

    form = {"ndjson": "json"}.get(name, name)
    return duckdb.sql(f"select * from read_{form}('{path}')").to_arrow_table().to_pydict()


@pytest.mark.parametrize("name", ["parquet", "csv", "ndjson", "ipc"])
@pytest.mark.parametrize("read", [with_polars, with_pandas, with_pyarrow, with_duckdb])
def test_every_library_reads_every_format(calls, tmp_path, name, read):
    """The values of every column: of times what the API writes, since libraries have their own."""
    if (name, read) == ("ipc", with_duckdb):
        pytest.skip("duckdb reads it by an extension from the network")
    path = tmp_path / f"calls.{name}"
    getattr(calls, f"write_{name}")(path)
    found = read(name, path)
    assert list(found) == calls.column_names
    for column, values in calls.to_pydict().items():
        if column == "start_time":
            found[column] = [str(value)[:19].replace("T", " ") for value in found[column]]
        if column == "date":
            found[column] = [str(value)[:10] for value in found[column]]
        wanted = [str(value) if hasattr(value, "isoformat") else value for value in values]
        if column == "vendor_call_id":
            found[column] = list(map(str, found[column]))
        assert found[column] == wanted, column


@pytest.mark.parametrize("writer", WRITERS)
def test_file_objects_stay_open(calls, writer):
    class Unseekable(io.RawIOBase):
        def __init__(self):
            self.taken = b""

        def writable(self):
            return True

        def write(self, data):
            # As a pipe does: not all at once.
            self.taken += bytes(data[:70_000])
            return min(len(data), 70_000)

    whole, pieces = io.BytesIO(b"before"), Unseekable()
    whole.seek(0, io.SEEK_END)
    getattr(calls, writer)(whole)
    getattr(calls, writer)(pieces)
    assert not whole.closed
    assert not pieces.closed
    assert whole.getvalue() == b"before" + pieces.taken


@pytest.mark.parametrize("writer", WRITERS)
def test_what_a_file_object_raises_is_raised(calls, writer):
    class Broken:
        def write(self, data):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        getattr(calls, writer)(Broken())


@pytest.mark.parametrize("writer", WRITERS)
def test_errors_name_the_path(calls, writer, tmp_path):
    missing = tmp_path / "none" / "table"
    with pytest.raises(FileNotFoundError) as caught:
        getattr(calls, writer)(missing)
    assert caught.value.filename == str(missing)
    with pytest.raises(IsADirectoryError) as caught:
        getattr(calls, writer)(tmp_path)
    assert caught.value.filename == str(tmp_path)
    with pytest.raises(OSError, match="No space left on device") as caught:
        getattr(calls, writer)("/dev/full")
    assert caught.value.filename == "/dev/full"


@pytest.mark.parametrize(
    ("writer", "arguments", "message"),
    [
        ("write_csv", {"separator": "ab"}, "separator='ab'"),
        ("write_csv", {"line_terminator": "x"}, "line_terminator='x'"),
        ("write_csv", {"compression": "lz4"}, "compression='lz4'"),
        ("write_ndjson", {"compression": 3}, "compression=3"),
        ("write_parquet", {"compression": None}, "compression=None"),
        ("write_parquet", {"row_group_size": 0}, "row_group_size=0"),
        ("write_ipc", {"compression": "gzip"}, "compression='gzip'"),
    ],
)
def test_arguments_are_refused_before_anything_is_written(calls, tmp_path, writer, arguments, message):
    with pytest.raises(converz.InvalidInputError) as caught:
        getattr(calls, writer)(tmp_path / "table", **arguments)
    assert message in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_what_is_no_file_is_refused(calls, tmp_path):
    with pytest.raises(converz.InvalidInputError, match="file=3"):
        calls.write_csv(3)
    with (tmp_path / "text").open("w", encoding="utf-8") as file:
        with pytest.raises(converz.InvalidInputError, match="open it in binary mode"):
            calls.write_csv(file)


def test_paths_of_every_kind(calls, tmp_path):
    calls.write_csv(str(tmp_path / "a"))
    calls.write_csv(pathlib.Path(tmp_path / "b"))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


ENDLESS = """
import sys
import converz

with converz.Sandbox(calls=20_000, today="2025-07-15") as sandbox:
    calls = sandbox.client().calls()
print("ready", flush=True)
while True:
    getattr(calls, sys.argv[1])(sys.argv[2])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a killed process leaves a hidden file")
@pytest.mark.parametrize("writer", ["write_parquet", "write_csv"])
def test_a_killed_process_leaves_a_whole_file_or_none(writer, tmp_path):
    import polars as pl

    path = tmp_path / "table"
    for wait in (0.0, 0.03, 0.11, 0.4):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(ENDLESS), writer, str(path)],
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            assert process.stdout.readline() == "ready\n"
            # Any moment will do.
            time.sleep(wait)
            process.send_signal(signal.SIGKILL)
        assert [file.name for file in tmp_path.iterdir()] in ([], ["table"])
        if path.exists():
            read = pl.read_parquet(path) if writer == "write_parquet" else pl.read_csv(path)
            assert read.height == 20_000
