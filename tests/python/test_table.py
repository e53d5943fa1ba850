"""`Table`: what it is, what others make of it, and that it shares its memory."""

from __future__ import annotations

import copy
import json
import pickle
import random
from datetime import UTC, date, datetime

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import converz
from support.case_names import named

IS_PANDAS_3 = int(pd.__version__.partition(".")[0]) >= 3
EVERY_TYPE = pa.table(
    {
        "nothing": pa.nulls(3),
        "flag": pa.array([True, None, False]),
        "integer": pa.array([1, None, -(2**63)]),
        "unsigned": pa.array([2**64 - 1, 0, None], pa.uint64()),
        "number": pa.array([1.5, None, -0.0]),
        "text": pa.array(["a", None, "é\U0001f600"]),
        "large": pa.array(["a", None, "b"], pa.large_string()),
        "view": pa.array(["a", None, "b"], pa.string_view()),
        "day": pa.array([date(2025, 7, 1), None, date(1900, 1, 1)]),
        "second": pa.array([datetime(2025, 7, 1, 12), None, None], pa.timestamp("s")),
        "time": pa.array([datetime(2025, 7, 1, 12, 0, 0, 5), None, None], pa.timestamp("us")),
        "zoned": pa.array([datetime(2025, 7, 1, 12, tzinfo=UTC), None, None], pa.timestamp("us", "UTC")),
        "small": pa.array([1, None, -1], pa.int8()),
    }
)


@pytest.fixture(scope="module")
def table():
    """What was read: numbers, strings, dates, times, booleans and nulls."""
    with converz.Sandbox(calls=500, reps=10, today="2025-07-15") as sandbox:
        return sandbox.client(page_size=120).calls(metric=["csat", "talk_ratio", "resolved"])


@pytest.fixture(scope="module")
def batches(table):
    """The same in several batches."""
    frame = table.to_arrow()
    parts = converz.Table(pa.concat_tables([frame.slice(start, 120) for start in range(0, 500, 120)]))
    assert [len(batch) for batch in parts.to_batches()] == [120, 120, 120, 120, 20]
    return parts


def addresses(frame: pa.Table) -> list[int]:
    return [
        buffer.address
        for column in frame.columns
        for chunk in column.chunks
        for buffer in chunk.buffers()
        if buffer is not None and buffer.size
    ]


def test_shape(table):
    assert table.shape == (500, 16)
    assert (table.num_rows, table.num_columns, len(table)) == (500, 16, 500)
    assert table.column_names == table.schema.names == list(table.schema)
    assert table.nbytes > 100_000
    assert bool(table)


def test_schema(table):
    schema = table.schema
    assert (schema["call_id"], schema["csat"], schema["talk_ratio"]) == ("int64", "int64", "float64")
    assert (schema["start_time"], schema["date"], schema["resolved"]) == ("timestamp[us]", "date32", "bool")
    assert "csat" in schema
    assert "nonsense" not in schema
    with pytest.raises(KeyError, match="nonsense"):
        schema["nonsense"]
    assert (
        schema == converz.Schema(dict(schema)) == converz.Schema(table) == pickle.loads(pickle.dumps(schema))
    )
    assert schema != converz.Schema({"call_id": "int64"})
    assert eval(repr(schema), {"Schema": converz.Schema}) == schema
    assert pa.schema(schema) == table.to_arrow().schema


def test_every_library_takes_it_as_it_is(table):
    ids = list(range(1, 501))
    assert pl.DataFrame(table)["call_id"].to_list() == ids
    assert pa.table(table)["call_id"].to_pylist() == ids
    calls = table
    assert duckdb.sql("select count(*), sum(call_id) from calls").fetchall() == [(500, sum(ids))]
    if IS_PANDAS_3:
        assert pd.DataFrame.from_arrow(table)["call_id"].to_list() == ids


def test_as_often_as_wanted(table):
    calls = table
    for _ in range(3):
        assert duckdb.sql("from calls").limit(1).fetchall()[0][0] == 1
        assert pa.table(table).num_rows == pl.DataFrame(table).height == 500
    assert pa.table(table).equals(table.to_arrow())


@pytest.mark.parametrize("kind", ["table", "batches"])
def test_the_memory_is_shared(request, kind):
    table = request.getfixturevalue(kind)
    first, second = addresses(table.to_arrow()), addresses(pa.table(table))
    assert first == second
    assert len(first) > 16


def test_a_slice_lies_in_the_same_memory(table):
    whole = table.to_arrow()["duration_s"].chunk(0).buffers()[1]
    part = table.slice(16, 50).to_arrow()["duration_s"].chunk(0)
    assert part.buffers()[1].address + part.offset * 8 == whole.address + 16 * 8


def test_memory_outlives_the_table():
    with converz.Sandbox(calls=50, reps=5) as sandbox:
        table = sandbox.client().calls()
    frame, expected = table.to_arrow(), table.to_pydict()
    del table
    assert frame.to_pydict() == expected


def test_polars_shares_numbers(table):
    column = table.head(100).to_arrow()["duration_s"].chunk(0)
    values = table.head(100).to_polars()["duration_s"].to_numpy(allow_copy=False)
    assert values.ctypes.data == column.buffers()[1].address + column.offset * 8


def test_capsules(batches):
    table = batches
    stream, schema = table.__arrow_c_stream__(), table.__arrow_c_schema__()
    assert '"arrow_array_stream"' in repr(stream)
    assert '"arrow_schema"' in repr(schema)
    assert pa.RecordBatchReader._import_from_c_capsule(stream).read_all().num_rows == 500
    batch = table.to_batches()[0]
    assert pa.record_batch(batch).num_rows == batch.num_rows == len(batch)
    assert [part.num_rows for part in table.to_arrow().to_batches()] == [
        len(part) for part in table.to_batches()
    ]


def test_a_requested_schema(table):
    """A consumer may ask for another layout; the types stay where it is none that a cast can give."""
    small = converz.Table(pa.table({"a": ["x", None]}))
    wanted = pa.schema({"a": pa.large_string()})
    stream = small.__arrow_c_stream__(wanted.__arrow_c_schema__())
    assert pa.RecordBatchReader._import_from_c_capsule(stream).read_all().to_pydict() == {"a": ["x", None]}


@pytest.mark.parametrize("kind", ["table", "batches"])
def test_values_are_the_same_everywhere(request, kind):
    table = request.getfixturevalue(kind)
    values = table.to_pydict()
    assert table.to_arrow().to_pydict() == values
    assert table.to_polars().to_dict(as_series=False) == values
    assert pa.table(table).to_pydict() == values
    frame = table.to_pandas().astype(object)
    assert {
        name: [None if pd.isna(value) else value for value in frame[name]] for name in ("csat", "summary")
    } == {name: values[name] for name in ("csat", "summary")}


def test_pydict_of_every_type():
    table = converz.Table(EVERY_TYPE)
    assert table.to_pydict() == EVERY_TYPE.to_pydict()
    assert [type(column[0]) for column in table.to_pydict().values()] == [
        type(column[0]) for column in EVERY_TYPE.to_pydict().values()
    ]


def test_pandas_types(table):
    types = {name: str(kind) for name, kind in table.to_pandas().dtypes.items()}
    assert types["call_id"] == "int64"
    assert types["csat"] == "Int64"
    assert types["talk_ratio"] == "float64"
    assert types["resolved"] in {"bool", "boolean"}
    assert types["start_time"] == types["date"] == "datetime64[us]"
    assert types["summary"] == types["campaign"] == ("str" if IS_PANDAS_3 else "string")
    assert set(map(str, table.to_pandas(dtype_backend="numpy_nullable").dtypes)) <= {
        "Int64",
        "Float64",
        "boolean",
        "string",
        "datetime64[us]",
    }
    assert all(isinstance(kind, pd.ArrowDtype) for kind in table.to_pandas(dtype_backend="pyarrow").dtypes)
    with pytest.raises(converz.InvalidInputError, match="dtype_backend='numpy'"):
        table.to_pandas(dtype_backend="numpy")


def test_pandas_of_nulls():
    frame = converz.Table(EVERY_TYPE).to_pandas()
    assert frame.isna().to_numpy().tolist() == [
        [EVERY_TYPE[name][row].as_py() is None for name in EVERY_TYPE.column_names] for row in range(3)
    ]
    assert str(frame["number"].dtype) == "float64"
    assert frame["unsigned"].to_list()[:2] == [2**64 - 1, 0]
    assert frame["integer"][2] == -(2**63)


def test_pickle(table):
    for again in (pickle.loads(pickle.dumps(table)), copy.deepcopy(table)):
        assert again == table
        assert again.receipt == table.receipt
        assert repr(again) == repr(table)
    every = converz.Table(EVERY_TYPE)
    assert pickle.loads(pickle.dumps(every)) == every
    empty = converz.Table(EVERY_TYPE.slice(0, 0))
    assert pickle.loads(pickle.dumps(empty)) == empty
    batch = table.to_batches()[0]
    assert pa.record_batch(pickle.loads(pickle.dumps(batch))).equals(pa.record_batch(batch))


def test_equality(table, batches):
    assert table == batches
    assert batches == table
    assert table != table.slice(1)
    assert table != table.head(499)
    assert table != converz.Table(table.to_arrow().drop_columns("summary"))
    assert table != "a table"
    with pytest.raises(TypeError, match="unhashable"):
        hash(table)


@pytest.mark.parametrize("kind", ["table", "batches"])
def test_slices(request, kind):
    table = request.getfixturevalue(kind)
    ids = list(range(1, 501))
    assert table.head().to_pydict()["call_id"] == [1, 2, 3, 4, 5]
    assert table.head(0).shape == (0, 16)
    assert table.head(10_000) == table
    assert table.slice(0) == table
    for offset, length in ((0, 120), (119, 2), (120, 120), (499, 5), (500, 1), (600, 1), (3, 0), (0, 500)):
        assert table.slice(offset, length).to_pydict()["call_id"] == ids[offset : offset + length]
    assert table.slice(490).to_pydict()["call_id"] == ids[490:]
    assert table.slice(501).num_rows == 0
    assert table.slice(600).schema == table.schema


@pytest.mark.parametrize("arguments", [(-1,), (0, -1), (-5, 5)])
def test_negative_slices(table, arguments):
    with pytest.raises(converz.InvalidInputError, match="=-"):
        table.slice(*arguments)
    with pytest.raises(converz.InvalidInputError, match="=-1"):
        table.head(-1)


def test_tables_of_others(table):
    for other in (
        EVERY_TYPE,
        EVERY_TYPE.to_batches()[0],
        pa.RecordBatchReader.from_batches(EVERY_TYPE.schema, EVERY_TYPE.to_batches()),
    ):
        assert converz.Table(other).to_arrow().equals(EVERY_TYPE)
    assert converz.Table(table) == table
    assert converz.Table(table).receipt is None
    assert converz.Table(pl.DataFrame({"a": [1, 2]})).to_pydict() == {"a": [1, 2]}
    assert converz.Table(duckdb.sql("select 42 as a")).to_pydict() == {"a": [42]}


@pytest.mark.parametrize("data", [5, None, "text", [1, 2], pa.array([1, 2])], ids=named)
def test_what_is_no_table(data):
    with pytest.raises(converz.InvalidInputError, match="data is a "):
        converz.Table(data)


def test_columns_of_the_same_name():
    """Other libraries have them; a dict would lose one."""
    table = converz.Table(pa.table([[1], [2]], names=["a", "a"]))
    assert table.shape == (1, 2)
    assert list(table.to_pandas().columns) == ["a", "a"]
    assert repr(table).count("a") > 1
    with pytest.raises(converz.InvalidInputError, match=r"\['a'\]"):
        table.to_pydict()


def test_it_does_not_change(table):
    frame = table.to_pandas()
    frame.loc[:, "duration_s"] = 0
    frame["talk_ratio"] = 0.0
    assert table.to_pydict()["duration_s"][0] > 0
    with pytest.raises(AttributeError):
        table.receipt = None
    with pytest.raises(AttributeError):
        table.anything = 1


def test_it_passes_from_task_to_task_as_json(client):
    """What Airflow does with what a task returns: values of JSON there and back."""
    calls = client.calls(metric="csat")
    passed = json.loads(json.dumps(calls.serialize()))
    back = converz.Table.deserialize(passed, converz.Table.__version__)
    assert back == calls
    assert dict(back.schema) == dict(calls.schema)
    assert back.schema.json_columns == calls.schema.json_columns
    with pytest.raises(converz.InvalidInputError, match="version=2"):
        converz.Table.deserialize(passed, 2)


def test_what_is_too_large_to_be_passed_says_what_to_do_instead():
    rng = random.Random(1)
    large = converz.Table({"text": [rng.randbytes(50).hex() for _ in range(30_000)]})
    with pytest.raises(converz.InvalidInputError, match=r"30,000 rows .* 1,048,576 .* ConverzExportOperator"):
        large.serialize()
    assert large.head(10_000).serialize()


@pytest.mark.parametrize(
    ("array", "shown"),
    [
        (pa.array([0, None, 2932897], pa.int32()).cast(pa.date32()), "10000-01-01"),
        (pa.array([0, None, -719163], pa.int32()).cast(pa.date32()), "0000-12-31"),
        (pa.array([0, None, 253402300800], pa.timestamp("s")), "10000-01-01T00:00:00"),
        (pa.array([0, None, 253402300800000], pa.timestamp("ms", "UTC")), "10000-01-01T00:00:00Z"),
        (pa.array([0, None, 2**62], pa.timestamp("s")), str(2**62)),
        (pa.array([0, None, 253402300800000], pa.date64()), "10000-01-01"),
    ],
    ids=lambda value: str(getattr(value, "type", "")),
)
def test_dates_that_python_does_not_have_are_named(array, shown):
    table = converz.Table.concat([converz.Table(pa.table({"a": [1, 2], "when": array[:2]}))] * 2)
    late = converz.Table.concat([table, converz.Table(pa.table({"a": [1, 2, 3], "when": array}))])
    assert table.to_pydict()["a"] == [1, 2, 1, 2]
    for read in (late.to_pydict, late.to_pylist, lambda: list(late)):
        with pytest.raises(converz.InvalidInputError) as caught:
            read()
        message = str(caught.value)
        assert 'column "when" has ' in message
        assert shown in message
        assert "in row 6 (counted from 0)" in message
        assert "to_polars(), to_arrow()" in message
    assert late.to_arrow()["when"][6] == array[2]
    assert late["a"].to_pylist() == [1, 2, 1, 2, 1, 2, 3]
