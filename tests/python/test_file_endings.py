"""One list of what the ends of files' names mean: whoever writes one of them, all who read can read it."""

from __future__ import annotations

import pyarrow as pa
import pytest

import converz
from converz import _core
from converz._cli.rows_file import rows_of_file
from converz._results.file_endings import FORMATS, READ, WRITTEN, format_of

ROWS = {"call_id": [1, 2], "campaign": ["sales", "service"], "csat": [4, 5]}


@pytest.mark.parametrize("ending", WRITTEN)
def test_what_is_written_is_read(tmp_path, ending):
    path = tmp_path / f"calls.{ending}"
    form = format_of(path, WRITTEN)
    getattr(converz.Table(ROWS), form.writer)(path, **form.options)
    types = {"csat": "int64"} if form.kind == "csv" else None
    assert _core.read_file(path.read_bytes(), form.kind, key="call_id", types=types).num_rows == 2
    assert converz.Table(rows_of_file(str(path))).to_pydict() == ROWS


def test_a_stream_of_arrow_is_read_and_not_written(tmp_path):
    path = tmp_path / "calls.arrows"
    with pa.ipc.new_stream(path, pa.table(ROWS).schema) as stream:
        stream.write_table(pa.table(ROWS))
    assert format_of(path, READ).kind == "arrow"
    assert format_of(path, WRITTEN) is None
    assert converz.Table(rows_of_file(str(path))).to_pydict() == ROWS
    assert _core.read_file(path.read_bytes(), "arrow", key="call_id").num_rows == 2


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("calls.CSV", "csv"),
        ("a.b/c.d.jsonl.gz", "ndjson.gz"),
        ("s3://connection@bucket/folder/calls.csv.zst", "csv.zst"),
        ("file:///tmp/calls.feather", "arrow"),
        (".parquet", "parquet"),
        ("parquet", None),
        ("calls.parquet/part", None),
        ("calls.gz", None),
        ("calls.parquet.gz", None),
        ("calls.json", None),
    ],
)
def test_the_end_of_a_name(name, wanted):
    assert format_of(name, WRITTEN) == (FORMATS[wanted] if wanted else None)
