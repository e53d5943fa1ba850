"""Each integration with none of the other libraries there: reading, types, streams and updates."""

from __future__ import annotations

import pytest

LIBRARIES = ("pandas", "polars", "pyarrow", "duckdb", "nanoarrow", "numpy", "tqdm")

# Rows of every type that an answer can have; numbers are beyond what a float holds.
WRITE = """
import json
from datetime import date, datetime, timezone
import converz
ROWS = {
    "big": [2**53 + 1, None, -(2**63)],
    "unsigned": [2**64 - 1, 2**63, None],
    "ratio": [0.1, None, -2.5],
    "flag": [True, None, False],
    "text": ["a", None, "12"],
    "day": [date(2025, 7, 15), None, date(1700, 1, 1)],
    "naive": [datetime(2025, 7, 15, 12, 0, 0, 123456), None, datetime(1969, 12, 31)],
    "zoned": [datetime(2025, 7, 15, 12, tzinfo=timezone.utc), None, datetime(2025, 1, 1, tzinfo=timezone.utc)],
    "json": ['{"a": [1, 2.0]}', None, "[]"],
}
sandbox = converz.Sandbox(calls=101, reps=5)
client = sandbox.client(page_size=40)
client.update_calls({"call_id": [1, 2, 3], **ROWS})
table = client.calls(columns=["call_id", *ROWS]).slice(0, 3)
assert {name: table.to_pydict()[name] for name in ROWS} == ROWS, table.to_pydict()
written = lambda frame: [json.loads(request.body) for request in client.update_calls(frame, dry_run=True)]
WHOLE = written(table)
assert sum(len(body) - 1 for body in WHOLE) == len(ROWS)
"""

CODE = {
    "pandas": """
import pandas as pd
frame = table.to_pandas()
print(*map(str, frame.dtypes))
# Days are midnights in pandas.
cut = [{k: [v.removesuffix(" 00:00:00") if k == "day" else v for v in body[k]] for k in body} for body in written(frame)]
assert cut == WHOLE, cut
assert written(frame.set_index("call_id")) == written(frame)
nullable = table.to_pandas(dtype_backend="numpy_nullable")
assert written(nullable) == written(frame)
assert frame["unsigned"].tolist()[:2] == ROWS["unsigned"][:2]
categories = frame[["call_id"]].assign(x=pd.Categorical(["a", None, "b"]))
assert written(categories) == [{"call_id": [1, 3], "x": ["a", "b"]}]
""",
    "polars": """
import polars as pl
frame = table.to_polars()
print(*frame.dtypes)
assert written(frame) == WHOLE
assert frame["unsigned"].to_list() == ROWS["unsigned"]
with client.stream_calls(columns="call_id") as stream:
    assert pl.DataFrame(stream).height == 101
lazy = client.scan_calls()
assert lazy.filter(pl.col("call_id") < 5).select("big").collect().height == 4
""",
    "pyarrow": """
import pyarrow as pa
frame = table.to_arrow()
print(*frame.schema.types)
assert written(frame) == WHOLE
assert frame.to_pydict()["unsigned"] == ROWS["unsigned"]
with client.stream_calls(columns="call_id") as stream:
    assert pa.RecordBatchReader.from_stream(stream).read_all().num_rows == 101
""",
    "duckdb": """
import duckdb
duckdb.execute("set timezone = 'UTC'")
print(*duckdb.sql('from "table"').types)
assert [row[0] for row in duckdb.sql('select unsigned from "table"').fetchall()] == ROWS["unsigned"]
assert duckdb.sql('select sum(call_id) from "table"').fetchall() == [(6,)]
with client.stream_calls(columns="call_id") as stream:
    assert duckdb.sql("select count(*) from stream").fetchall() == [(101,)]
""",
    "nanoarrow": """
import nanoarrow as na
frame = na.ArrayStream(table).read_all()
print(len(frame))
assert [row["unsigned"] for row in frame.to_pylist()] == ROWS["unsigned"]
assert written(na.ArrayStream(table)) == WHOLE
with client.stream_calls(columns="call_id") as stream:
    assert len(na.ArrayStream(stream).read_all()) == 101
""",
}
NEEDS = {"pandas": "numpy", "pyarrow": "numpy"}
"""What cannot be taken away; pyarrow 18 is the first that does without."""

SHOWN = {
    "pandas": "int64 Int64 UInt64 float64 boolean {string} datetime64[us] datetime64[us] datetime64[us, UTC] {string}",
    "polars": "Int64 Int64 UInt64 Float64 Boolean String Date Datetime(time_unit='us', time_zone=None) "
    "Datetime(time_unit='us', time_zone='UTC') String",
    "pyarrow": "int64 int64 uint64 double bool string date32[day] timestamp[us] timestamp[us, tz=UTC] string",
    "duckdb": "BIGINT BIGINT UBIGINT DOUBLE BOOLEAN VARCHAR DATE TIMESTAMP TIMESTAMP WITH TIME ZONE VARCHAR",
    "nanoarrow": "3",
}


def major(module) -> int:
    return int(module.__version__.partition(".")[0])


@pytest.mark.parametrize("library", CODE)
def test_a_library_alone(library: str, run_python):
    module = pytest.importorskip(library)
    needs = None if library == "pyarrow" and major(module) >= 18 else NEEDS.get(library)
    blocked = [other for other in LIBRARIES if other not in (library, needs)]
    found = run_python(code=WRITE + CODE[library], blocked=blocked).stdout.strip()
    string = "str" if major(module) >= 3 else "string"
    assert found == SHOWN[library].replace("{string}", string)
