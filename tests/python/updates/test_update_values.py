"""Values as databases and spreadsheets have them, and what only looks like a column."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import uuid
from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import converz

ID = uuid.UUID("5a9fdc24-685d-42d9-9862-4dbdb52f51e9")


@pytest.fixture(scope="module")
def client():
    """Nothing is sent by it."""
    with converz.Sandbox(calls=1, reps=1) as sandbox:
        yield sandbox.client()


def body(client, frame, verb="update_calls", **arguments) -> str:
    """The body of the only request."""
    (request,) = getattr(client, verb)(frame, dry_run=True, **arguments)
    return request.body.decode()


def refusal(client, frame, verb="update_calls") -> str:
    with pytest.raises(converz.InvalidInputError) as caught:
        getattr(client, verb)(frame, dry_run=True)
    return str(caught.value)


OBJECTS = {
    "dict": lambda keys, values: {"call_id": keys, "a": values},
    "dicts": lambda keys, values: [
        {"call_id": key, "a": value} for key, value in zip(keys, values, strict=True)
    ],
    "pandas": lambda keys, values: pd.DataFrame({"call_id": keys, "a": pd.Series(values, dtype=object)}),
    "pandas index": lambda keys, values: pd.DataFrame(
        {"a": pd.Series(values, dtype=object).to_numpy()}, index=pd.Index(keys, dtype=object, name="call_id")
    ),
    "numpy": lambda keys, values: {"call_id": keys, "a": np.array(values, dtype=object)},
    "category": lambda keys, values: pd.DataFrame(
        {"call_id": keys, "a": pd.Series(values, dtype=object).astype("category")}
    ),
}


@pytest.mark.parametrize("kind", OBJECTS)
def test_decimals_have_their_digits(client, kind):
    words = [
        "1.10",
        "-0.05",
        "0.1000000000000000000000000001",
        "12345678901234567890123",
        "0E-3",
        "1E+2",
        "7",
    ]
    frame = OBJECTS[kind]([*range(1, 9)], [*map(Decimal, words), None])
    assert body(client, frame) == (
        '{"call_id":[1,2,3,4,5,6,7],"a":[1.10,-0.05,0.1000000000000000000000000001,12345678901234567890123,0.000,100,7]}'
    )


def test_decimals_are_those_of_arrow(client):
    values = [Decimal("1.10"), Decimal("-22.05"), None, Decimal("0.00")]
    keys = [1, 2, 3, 4]
    wanted = '{"call_id":[1,2,4],"a":[1.10,-22.05,0.00]}'
    for kind in (pa.decimal128(10, 2), pa.decimal256(50, 2)):
        array = pa.array(values, kind)
        for frame in (
            pa.table({"call_id": keys, "a": array}),
            {"call_id": keys, "a": array},
            pd.DataFrame({"call_id": keys, "a": pd.Series(array, dtype=pd.ArrowDtype(kind))}),
            pl.DataFrame({"call_id": keys, "a": pl.Series(values, dtype=pl.Decimal(10, 2))}),
            {"call_id": keys, "a": values},
            [{"call_id": key, "a": value} for key, value in zip(keys, values, strict=True)],
            pa.table({"call_id": keys, "a": array.dictionary_encode()}),
        ):
            assert body(client, frame) == wanted


@pytest.mark.parametrize("kind", OBJECTS)
def test_decimals_beside_other_numbers(client, kind):
    frame = OBJECTS[kind]([1, 2, 3, 4], [Decimal("1.10"), 2**53 + 1, 0.1, None])
    if kind == "category":
        frame = frame.astype({"a": object})
    assert body(client, frame) == '{"call_id":[1,2,3],"a":[1.10,9007199254740993,0.1]}'
    frame = OBJECTS[kind]([1, 2], [1, Decimal("1E-300")])
    assert body(client, frame) == '{"call_id":[1,2],"a":[1,1E-300]}'
    message = refusal(client, OBJECTS[kind]([1, 2], [Decimal(1), "x"]))
    assert "Decimal in row 0 and str in row 1" in message
    assert message.endswith("call_id 2")


@pytest.mark.parametrize("kind", OBJECTS)
@pytest.mark.parametrize("word", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_decimals_that_are_no_numbers(client, kind, word):
    if kind == "category" and word == "sNaN":
        pytest.skip("pandas cannot compare it")
    frame = OBJECTS[kind]([101, 102, 103], [Decimal("1.5"), None, Decimal(word)])
    if word == "NaN" and kind in ("pandas", "pandas index", "category"):
        # What pandas has as null is null.
        assert body(client, frame) == '{"call_id":[101],"a":[1.5]}'
        return
    message = refusal(client, frame)
    assert f"Decimal('{word}') in row 2 (counted from 0): JSON has no such number" in message
    assert message.endswith("call_id 103")


@pytest.mark.parametrize("kind", OBJECTS)
def test_uuids_are_their_text(client, kind):
    assert body(client, OBJECTS[kind]([1, 2], [ID, None])) == f'{{"call_id":[1],"a":["{ID}"]}}'


def test_uuids_of_arrow(client):
    if not hasattr(pa, "uuid"):
        pytest.skip("pyarrow has UUIDs since 18")
    array = pa.array([ID.bytes, None], pa.uuid())
    wanted = f'{{"call_id":[1],"a":["{ID}"]}}'
    for frame in (
        pa.table({"call_id": [1, 2], "a": array}),
        {"call_id": [1, 2], "a": array},
        pd.DataFrame({"call_id": [1, 2], "a": pd.Series(array, dtype=pd.ArrowDtype(pa.uuid()))}),
    ):
        assert body(client, frame) == wanted
    # The key is named by it as well.
    frame = pa.table({"rep_id": array.slice(0, 1), "a": [1]})
    assert body(client, frame, "update_reps") == f'{{"rep_id":["{ID}"],"a":[1]}}'


def test_uuids_as_keys(client):
    assert body(client, {"rep_id": [ID], "a": [1]}, "update_reps") == f'{{"rep_id":["{ID}"],"a":[1]}}'


@pytest.mark.parametrize("kind", OBJECTS)
def test_times_of_day(client, kind):
    values = [dt.time(9, 5), dt.time(23, 59, 59, 999_999), None]
    assert (
        body(client, OBJECTS[kind]([1, 2, 3], values))
        == '{"call_id":[1,2],"a":["09:05:00","23:59:59.999999"]}'
    )
    message = refusal(client, OBJECTS[kind]([1], [dt.time(9, tzinfo=dt.UTC)]))
    assert "a time of day has no zone" in message


def test_what_duckdb_gives(client):
    relation = duckdb.sql(
        "select 1::hugeint as call_id, 2.50::decimal(9, 2) as price, uuid '5a9fdc24-685d-42d9-9862-4dbdb52f51e9' as "
        "id, time '09:30:00' as at, date '2025-07-01' as day, sum(5)::decimal(38, 0) as total"
    )
    arrow = json.loads(body(client, relation))
    assert arrow == {
        "call_id": [1],
        "price": [2.5],
        "id": [str(ID)],
        "at": ["09:30:00"],
        "day": ["2025-07-01"],
        "total": [5],
    }
    with pytest.warns(converz.ConverzWarning, match=r'frame\["day"\] holds times that are all midnight'):
        frame = json.loads(body(client, relation.df()))
    # duckdb itself makes times of its dates.
    assert frame | {"day": arrow["day"]} == arrow


@pytest.mark.parametrize("kind", OBJECTS)
def test_whole_keys(client, kind):
    for keys in (
        [1.0, 2.0, 2.0**53 - 1],
        [Decimal(1), Decimal("2.00"), Decimal("9.007199254740991E15")],
        [1, Decimal(2), 2.0**53 - 1],
        [np.float64(1), np.float32(2), np.int64(2**53 - 1)],
    ):
        wanted = '{"call_id":[1,2,9007199254740991],"a":[true,true,true]}'
        assert body(client, OBJECTS[kind](keys, [True] * 3)) == wanted
    for keys, shown in (([1.0, 2.5], "2.5 (row 1)"), ([Decimal(1), Decimal("2.50")], "2.50 (row 1)")):
        message = refusal(client, OBJECTS[kind](keys, [True] * 2))
        assert "call_id has values that are not whole numbers" in message
        assert shown in message


def test_keys_of_a_pandas_merge(client):
    calls = pd.DataFrame({"call_id": [1, 2, 3], "a": ["x", "y", "z"]})
    merged = pd.DataFrame({"other": ["p", "q"], "a": ["x", "z"]}).merge(calls, how="left", on="a")
    # A left join with a row that finds nothing makes floats of integers.
    missing = pd.concat([merged, pd.DataFrame({"other": ["r"], "a": ["w"], "call_id": [np.nan]})])
    assert missing["call_id"].dtype == "float64"
    assert refusal(client, missing) == "call_id is null in row 2 (counted from 0)"
    found = missing.dropna(subset="call_id")
    assert body(client, found) == '{"call_id":[1,3],"other":["p","q"],"a":["x","z"]}'


def test_a_key_that_was_a_float_is_an_integer_in_what_comes_back():
    with converz.Sandbox(calls=20, reps=2, today="2025-07-15") as sandbox:
        client = sandbox.client()
        plan = client.plan_update_calls(
            pd.DataFrame({"call_id": [1.0, 999.0], "a": ["x", "y"]}), start_date="2000-01-01"
        )
        assert plan.not_found.to_pydict() == {"call_id": [999], "a": ["y"]}
        assert plan.changes.to_pydict()["call_id"] == [1]
        assert plan.apply().undo().cells == 1


# --- Categories and runs.

INTERVALS = pd.cut([1, 3], [0, 2, 4])
PERIODS = pd.Series(pd.period_range("2025-01", periods=2, freq="M"))
PACKED = {
    "pd.cut": (pd.Series(INTERVALS), pd.Series(INTERVALS.categories)),
    "periods": (PERIODS.astype("category"), PERIODS),
    "timedeltas": (
        pd.Series(pd.to_timedelta(["1h", "2h"])).astype("category"),
        pd.Series(pd.to_timedelta(["1h", "2h"])),
    ),
    "bytes": (pd.Series([b"x", b"y"]).astype("category"), pd.Series([b"x", b"y"])),
    "tuples": (pd.Series(pd.Categorical([(1, 2), (3, 4)])), pd.Series([(1, 2), (3, 4)])),
}


@pytest.mark.parametrize("kind", PACKED)
def test_categories_are_refused_like_what_is_inside(client, kind):
    packed, plain = PACKED[kind]
    messages = {
        refusal(client, pd.DataFrame({"call_id": [101, 102], "a": column})) for column in (packed, plain)
    }
    messages |= {refusal(client, {"call_id": [101, 102], "a": column}) for column in (packed, plain)}
    (message,) = messages
    assert '"a"' in message


@pytest.mark.parametrize("kind", ["pd.cut", "periods"])
def test_categories_in_pyarrow_tables(client, kind):
    packed, _ = PACKED[kind]
    try:
        table = pa.Table.from_pandas(pd.DataFrame({"call_id": [101, 102], "a": packed}))
    except pa.ArrowInvalid:
        pytest.skip("this pyarrow has no such categories")
    assert pa.types.is_dictionary(table["a"].type)
    for frame in (
        table,
        table.to_batches()[0],
        table.to_reader(),
        converz.Table(table),
        {"call_id": [101, 102], "a": table["a"]},
        {"call_id": [101, 102], "a": table["a"].chunk(0)},
    ):
        assert "has the extension type pandas." in refusal(client, frame)


def test_a_category_that_no_row_has_does_no_harm(client):
    column = pd.Series(["x", "y", None]).astype(pd.CategoricalDtype(["x", b"bytes", "y"]))
    assert (
        body(client, pd.DataFrame({"call_id": [1, 2, 3], "a": column})) == '{"call_id":[1,2],"a":["x","y"]}'
    )


def test_categories_are_sent_like_what_is_inside(client):
    for values in (
        [1, 2, 1],
        [0.5, 1.5, 0.5],
        ["x", "y", "x"],
        [True, False, True],
        [dt.date(2025, 7, 1), dt.date(2025, 7, 2), dt.date(2025, 7, 1)],
        [pd.Timestamp("2025-07-01 12:00"), pd.Timestamp("2025-07-02"), pd.Timestamp("2025-07-01 12:00")],
        [pd.Timestamp("2025-07-01", tz="Asia/Tokyo")] * 3,
        [Decimal("1.10"), Decimal("2.5"), Decimal("1.10")],
        [ID, uuid.UUID(int=0), ID],
    ):
        plain = pd.DataFrame({"call_id": [1, 2, 3], "a": pd.Series(values)})
        packed = plain.assign(a=plain["a"].astype("category"))
        assert body(client, packed) == body(client, plain)
        assert body(client, {"call_id": [1, 2, 3], "a": packed["a"]}) == body(client, plain)


def runs(array) -> list[object]:
    """A column of runs, as it is and as pandas has it."""
    encoded = pc.run_end_encode(array)
    return [encoded, pd.Series(encoded, dtype=pd.ArrowDtype(encoded.type))]


def test_runs_are_sent_like_what_is_inside(client):
    for values, kind in (
        ([1, 1, None, 2], pa.int64()),
        (["x", "x", None, "y"], pa.string()),
        ([1.5, 1.5, 2.5, None], pa.float64()),
        ([Decimal("1.10"), Decimal("1.10"), None, Decimal("2.20")], pa.decimal128(5, 2)),
        ([dt.date(2025, 7, 1)] * 3 + [None], pa.date32()),
        ([dt.datetime(2025, 7, 1, 12)] * 3 + [None], pa.timestamp("us")),
    ):
        array = pa.array(values, kind)
        plain = body(client, pa.table({"call_id": [1, 2, 3, 4], "a": array}))
        encoded, series = runs(array)
        for frame in (
            {"call_id": [1, 2, 3, 4], "a": encoded},
            {"call_id": [1, 2, 3, 4], "a": pa.chunked_array([encoded.slice(0, 1), encoded.slice(1)])},
            pa.table({"call_id": [1, 2, 3, 4], "a": encoded}),
            pa.table({"call_id": [1, 2, 3, 4], "a": encoded}).to_reader(max_chunksize=2),
            pd.DataFrame({"call_id": [1, 2, 3, 4], "a": series}),
            {"call_id": [1, 2, 3, 4], "a": series},
        ):
            assert body(client, frame) == plain
    keys = pa.table({"call_id": pc.run_end_encode(pa.array([1.0, 2.0])), "a": [1, 2]})
    assert body(client, keys) == '{"call_id":[1,2],"a":[1,2]}'


def test_runs_are_refused_like_what_is_inside(client):
    for array in (pa.array([b"x"]), pa.array([1], pa.duration("s"))):
        for column in runs(array):
            assert 'column "a" has the type' in refusal(client, {"call_id": [1], "a": column})
    # pandas' NaN is null in whatever it is packed.
    nan = pa.array([1.5, float("nan")])
    for packed in (pc.run_end_encode(nan), nan.dictionary_encode()):
        series = pd.Series(packed, dtype=pd.ArrowDtype(packed.type))
        assert body(client, pd.DataFrame({"call_id": [1, 2], "a": series})) == '{"call_id":[1],"a":[1.5]}'
        assert "NaN for call_id 2" in refusal(client, pa.table({"call_id": [1, 2], "a": packed}))


# --- What only looks like a column.


class Bag(dict):
    """A mapping of one's own."""


NO_COLUMNS = {
    "set": ({1, 2}, "is a set, whose order is arbitrary"),
    "frozenset": (frozenset([1, 2]), "is a frozenset, whose order is arbitrary"),
    "dict": ({1: 2, 3: 4}, "is not a column"),
    "mapping": (Bag({1: 2, 3: 4}), "is not a column"),
    "text": ("ab", "is not a column"),
    "bytes": (b"ab", "is not a column"),
    "bytearray": (bytearray(b"ab"), "is not a column"),
    "pandas": (pd.DataFrame({"p": [1], "q": [2]}), "is a DataFrame and not a column"),
    "polars": (pl.DataFrame({"p": [1, 2]}), "is a DataFrame and not a column"),
    "pyarrow": (pa.table({"p": [1, 2]}), "is a Table and not a column"),
    "batch": (pa.RecordBatch.from_pydict({"p": [1, 2]}), "is a RecordBatch and not a column"),
    "converz": (converz.Table(pa.table({"p": [1, 2]})), "is a Table and not a column"),
    "file": (io.StringIO("x\ny\n"), "is a file (StringIO)"),
    "number": (5, "is not a column"),
    "two dimensions": (np.array([[1, 2]]), "2 dimensions"),
}


@pytest.mark.parametrize("kind", NO_COLUMNS)
def test_no_columns(client, kind):
    values, says = NO_COLUMNS[kind]
    message = refusal(client, {"call_id": [1, 2], "a": values})
    assert "frame['a']" in message
    assert says in message


COLUMNS = {
    "list": [5, 6],
    "tuple": (5, 6),
    "range": range(5, 7),
    "keys": {5: 0, 6: 0}.keys(),
    "values": {0: 5, 1: 6}.values(),
    "generator": (value for value in [5, 6]),
    "iterator": iter([5, 6]),
    "map": map(int, "56"),
    "numpy": np.array([5, 6]),
    "series": pd.Series([5, 6], index=["columns", "readline"]),
    "index": pd.Index([5, 6]),
    "polars": pl.Series([5, 6]),
    "pyarrow": pa.array([5, 6]),
    "chunks": pa.chunked_array([[5], [6]]),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_columns(client, kind):
    assert body(client, {"call_id": [1, 2], "a": COLUMNS[kind]}) == '{"call_id":[1,2],"a":[5,6]}'


# --- The names of types are those of docs/types.md.

TYPES = {
    "float64": pa.array([1.5]),
    "bool": pa.array([True]),
    "string": pa.array(["x"]),
    "large_string": pa.array(["x"], pa.large_string()),
    "string_view": pa.array(["x"], pa.string_view()),
    "date32": pa.array([dt.date(2025, 7, 1)]),
    "timestamp[us, UTC]": pa.array([dt.datetime(2025, 7, 1, tzinfo=dt.UTC)]),
    "list<item: string>": pa.array([["x"]]),
    "struct<x: int64>": pa.array([{"x": 1}]),
    "map<string, int64>": pa.array([[("x", 1)]], pa.map_(pa.string(), pa.int64())),
    "fixed_size_binary[2]": pa.array([b"xy"], pa.binary(2)),
    "time64[us]": pa.array([dt.time(9)]),
}


@pytest.mark.parametrize("name", TYPES)
def test_names_of_types(client, name):
    message = refusal(client, pa.table({"call_id": TYPES[name], "a": [1]}))
    if name == "float64":
        assert "not whole numbers" in message
        message = refusal(client, pa.table({"rep_id": TYPES[name], "a": [1]}), "update_reps")
    assert f"has the type {name} (" in message
    assert not re.search("Utf8|Float64|Boolean|Int64", message)
    assert converz.Table(pa.table({"a": TYPES[name]})).schema["a"] == name


@pytest.mark.parametrize(
    ("array", "name"),
    [
        (pa.array([b"x"]), "binary"),
        (pa.array([b"x"], pa.large_binary()), "large_binary"),
        (pa.array([1], pa.duration("ms")), "duration[ms]"),
        (pa.array([(1, 2, 3)], pa.month_day_nano_interval()), "month_day_nano_interval"),
        (pa.array([[[b"x"]]]), "binary"),
    ],
    ids=str,
)
def test_names_of_types_that_json_cannot_hold(client, array, name):
    assert f'column "a" has the type {name}, which JSON cannot hold' in refusal(
        client, pa.table({"call_id": [1], "a": array})
    )
