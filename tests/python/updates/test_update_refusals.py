"""What is refused before anything is sent, and that the message has the keys to look at."""

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import converz

KEYS = list(range(101, 115))
FIRST_TEN = "101, 102, 103, 104, 105, 106, 107, 108, 109, 110 and 4 more"

INPUTS = {
    "dict": lambda columns: columns,
    "dicts": lambda columns: [
        dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)
    ],
    "pandas": pd.DataFrame,
    "pandas objects": lambda columns: pd.DataFrame(columns, dtype=object),
    "polars": pl.DataFrame,
    "pyarrow": pa.table,
    "converz": lambda columns: converz.Table(pa.table(columns)),
}


def refusal(small, frame, verb="update_calls", **arguments) -> str:
    """The message, which is the same whether requests were to be sent, returned or planned."""
    client = small.client()
    messages = set()
    for call in (
        lambda: getattr(client, verb)(frame, **arguments),
        lambda: getattr(client, verb)(frame, dry_run=True, **arguments),
        lambda: getattr(client, f"plan_{verb}")(frame, **arguments),
    ):
        with pytest.raises(converz.InvalidInputError) as caught:
            call()
        messages.add(str(caught.value))
    assert small.requests == []
    (message,) = messages
    return message


@pytest.fixture(scope="module")
def untouched():
    with converz.Sandbox(calls=20, reps=2, today="2025-07-15") as sandbox:
        yield sandbox


INVALID = {
    "repeated keys": (
        {"call_id": KEYS * 2, "a": KEYS * 2},
        "call_id is repeated",
        "101 (rows 0, 14), 102 (rows 1, 15)",
    ),
    "more repeated keys": ({"call_id": KEYS * 2, "a": KEYS * 2}, "110 (rows 9, 23) and 4 more", ""),
    "distant repeated keys": (
        {"call_id": [2**62, -(2**62), 2**62], "a": [1, 2, 3]},
        f"{2**62} (rows 0, 2)",
        "",
    ),
    "float keys": (
        {"call_id": [*map(float, KEYS[:-2]), 113.5, 2.0**53], "a": KEYS},
        "call_id has values that are not whole numbers, below 2^53 in size where it is a float",
        "113.5 (row 12)",
        "(row 13) (counted from 0)",
    ),
    "boolean keys": ({"call_id": [True, False], "a": [1, 2]}, "it must be integers", "(true, false)"),
    "text keys": ({"call_id": ["1"], "a": [1]}, "it must be integers", "(1)"),
    "no key": ({"id": [1], "a": [2]}, 'no column "call_id"', '"id", "a"'),
    "only a key": ({"call_id": KEYS}, 'no column beside "call_id"', ""),
    "no rows": ({"call_id": [], "a": []}, "no rows", ""),
    "infinite": ({"call_id": KEYS, "a": [float("-inf")] * 14}, "infinite number", f"for call_id {FIRST_TEN}"),
}


@pytest.mark.parametrize("kind", INPUTS)
@pytest.mark.parametrize("wrong", INVALID)
def test_refused(untouched, wrong, kind):
    columns, *says = INVALID[wrong]
    if wrong in ("boolean keys", "text keys") and kind == "pandas objects":
        pytest.skip("objects have their values' own types")
    message = refusal(untouched, INPUTS[kind](columns))
    for text in says:
        assert text in message


NULL_KEYS = {
    "dict": {"call_id": [1, None] * 11, "a": [1] * 22},
    "dicts": [{"call_id": key, "a": 1} for key in [1, None] * 11],
    "pandas": pd.DataFrame({"call_id": pd.Series([1, None] * 11, dtype="Int64"), "a": 1}),
    "polars": pl.DataFrame({"call_id": [1, None] * 11, "a": [1] * 22}),
    "pyarrow": pa.table({"call_id": [1, None] * 11, "a": [1] * 22}),
}


@pytest.mark.parametrize("kind", NULL_KEYS)
def test_null_keys(untouched, kind):
    message = refusal(untouched, NULL_KEYS[kind])
    assert "call_id is null in row 1, 3, 5, 7, 9, 11, 13, 15, 17, 19 and 1 more" in message


def test_null_keys_that_pandas_made_floats(untouched):
    message = refusal(untouched, pd.DataFrame({"call_id": [1, None, 2.5], "a": [1, 2, 3]}))
    assert "2.5 (row 2)" in message
    message = refusal(untouched, pd.DataFrame({"call_id": [1, None], "a": [1, 2]}))
    assert message == "call_id is null in row 1 (counted from 0)"


NANS = {
    "dict": {"call_id": KEYS, "a": [float("nan")] * 14},
    "dicts": [{"call_id": key, "a": float("nan")} for key in KEYS],
    "numpy": {"call_id": KEYS, "a": np.full(14, np.nan)},
    "polars": pl.DataFrame({"call_id": KEYS, "a": [float("nan")] * 14}),
    "polars 32": pl.DataFrame({"call_id": KEYS, "a": pl.Series([float("nan")] * 14, dtype=pl.Float32)}),
    "pyarrow": pa.table({"call_id": KEYS, "a": [float("nan")] * 14}),
    "nested": pa.table({"call_id": KEYS, "a": [{"b": [1.0, float("nan")]}] * 14}),
}


@pytest.mark.parametrize("kind", NANS)
def test_a_nan_that_is_not_pandas(untouched, kind):
    for nulls in ("keep", "clear"):
        message = refusal(untouched, NANS[kind], nulls=nulls)
        assert f'column "a" holds NaN for call_id {FIRST_TEN}' in message


def lone(values):
    return {"call_id": KEYS, "a": values}


@pytest.mark.parametrize("kind", ["dict", "dicts", "pandas objects"])
def test_lone_surrogates(untouched, kind):
    message = refusal(untouched, INPUTS[kind](lone(["\ud800"] * 14)))
    assert "frame[\"a\"] has '\\ud800' in row 0 (counted from 0): a lone surrogate cannot be sent" in message
    assert f"call_id {FIRST_TEN}" in message


@pytest.mark.parametrize(
    "frame",
    [
        {"call_id": [1], "\udc00": [1]},
        [{"call_id": 1, "\udc00": 1}],
        pd.DataFrame([[1, 2]], columns=pd.Index(["call_id", "\udc00"], dtype=object)),
    ],
    ids=["dict", "dicts", "pandas"],
)
def test_a_lone_surrogate_in_a_name(untouched, frame):
    assert "'\\udc00': a lone surrogate" in refusal(untouched, frame)


VALUES = {
    "bytes": [b"x"] * 14,
    "objects": [object()] * 14,
    "lists": [[1, 2]] * 14,
    "complex": [1j] * 14,
    "too large": [2**70] * 14,
    "digits": [0.5] + [2**60] * 13,
    "mixed": ["x"] + [1] * 13,
    "mixed zones": [pd.Timestamp("2025-01-01")] + [pd.Timestamp("2025-01-01", tz="UTC")] * 13,
}


@pytest.mark.parametrize("kind", ["dict", "dicts", "pandas objects"])
@pytest.mark.parametrize("what", VALUES)
def test_values_that_json_cannot_hold(untouched, what, kind):
    message = refusal(untouched, INPUTS[kind](lone(VALUES[what])))
    first = 101 if what in ("bytes", "objects", "lists", "complex", "too large") else 102
    shown = ", ".join(str(key) for key in range(first, first + 10))
    assert f"call_id {shown} and {115 - first - 10} more" in message


@pytest.mark.parametrize(
    "column",
    [
        pa.array([b"x"]),
        pa.array([1], pa.duration("s")),
        pa.array([(1, 2, 3)], pa.month_day_nano_interval()),
        pa.array(["{"], pa.json_()) if hasattr(pa, "json_") else pa.array([b"x"]),
        pd.period_range("2025-01", periods=1, freq="M"),
        pd.arrays.IntervalArray.from_tuples([(0, 1)]),
        pd.to_timedelta([1], unit="s"),
        np.array([1], "timedelta64[s]"),
        pl.Series([b"x"]),
        pl.Series([1]).cast(pl.Duration),
    ],
    ids=lambda column: f"{type(column).__name__} {getattr(column, 'type', getattr(column, 'dtype', ''))}",
)
def test_columns_that_json_cannot_hold(untouched, column):
    assert "a" in refusal(untouched, {"call_id": [1], "a": column})
    if isinstance(column, (pd.PeriodIndex, pd.arrays.IntervalArray, pd.TimedeltaIndex)):
        refusal(untouched, pd.DataFrame({"call_id": [1], "a": column}))


@pytest.mark.parametrize("kind", ["numpy", "pandas", "polars", "pyarrow"])
@pytest.mark.parametrize(("digits", "width"), [(24, "float32"), (11, "float16")])
def test_keys_that_a_small_float_may_have_changed(untouched, kind, digits, width):
    # The second was one more, perhaps.
    keys = np.array([2**digits - 1, 2**digits], width)
    if kind == "polars":
        if width == "float16" and not hasattr(pl, "Float16"):
            pytest.skip("it has none")
        frame = pl.DataFrame({"call_id": pl.from_numpy(keys[:, None])["column_0"], "a": [1, 2]})
    elif kind == "pyarrow":
        frame = pa.table({"call_id": pa.array(keys), "a": [1, 2]})
    else:
        columns = {"call_id": keys, "a": [1, 2]}
        frame = columns if kind == "numpy" else pd.DataFrame(columns)
    message = refusal(untouched, frame)
    assert f"below 2^{digits} in size where it is a float: {2**digits}" in message


@pytest.mark.parametrize(("digits", "width"), [(24, "float32"), (11, "float16")])
@pytest.mark.parametrize("kind", ["dict", "dicts", "pandas objects"])
def test_scalars_of_a_small_float_are_as_their_arrays(untouched, kind, digits, width):
    scalar = getattr(np, width)
    frame = INPUTS[kind]({"call_id": [scalar(2**digits - 1), scalar(2**digits)], "a": [1, 2]})
    assert f"below 2^{digits} in size where it is a float: {2**digits}" in refusal(untouched, frame)
    for other in (1.0, 5, Decimal(7)):
        mixed = INPUTS[kind]({"call_id": [other, scalar(2**digits)], "a": [1, 2]})
        message = refusal(untouched, mixed)
        assert f"has {2**digits} in row 1 (counted from 0), a float of {digits} binary digits" in message


def test_scalars_of_a_small_float_are_sent_with_their_own_digits(small):
    values = [np.float32(0.1), None, np.float32(2.5)]
    array = pa.array([0.1, None, 2.5], pa.float32())
    frames = [
        {"call_id": [np.float32(1), np.float32(2), np.float32(3)], "a": values},
        {"call_id": [1, 2, 3], "a": array},
        {"call_id": [1, 2, 3], "a": [*values[:2], 2.5]},
    ]
    bodies = [
        [request.body for request in small.client().update_calls(frame, dry_run=True)] for frame in frames
    ]
    assert bodies[0] == bodies[1] == bodies[2]
    assert b"0.1," in bodies[0][0]
    assert b"0.10" not in bodies[0][0]


def test_unequal_columns(untouched):
    message = refusal(untouched, {"call_id": KEYS, "a": [1]})
    assert "different lengths: {'call_id': 14, 'a': 1}" in message


def test_rows_with_other_keys(untouched):
    rows = [{"call_id": key, "a" if key < 103 else "b": 1} for key in [*KEYS, 115]]
    message = refusal(untouched, rows)
    assert "the first of them is row 2" in message
    assert "call_id 103, 104, 105, 106, 107, 108, 109, 110, 111, 112 and 3 more" in message
    without = [{"call_id": 1, "a": 1}, {"a": 2}]
    assert "; affected: row 1" in refusal(untouched, without)


def test_the_keys_of_an_index_are_shown(untouched):
    frame = pd.DataFrame({"a": [b"x", b"y"]}, index=pd.Index([7, 8], name="call_id"))
    assert "call_id 7, 8" in refusal(untouched, frame)


def test_users(untouched):
    assert "it must be strings" in refusal(untouched, {"rep_id": [1], "a": [1]}, "update_reps")
    assert "rep_id is an empty string in row 1" in refusal(
        untouched, {"rep_id": ["x", ""], "a": [1, 2]}, "update_reps"
    )
    message = refusal(untouched, {"rep_id": ["x", "y", "x"], "a": [1, 2, 3]}, "update_reps")
    assert '"x" (rows 0, 2)' in message


def test_a_row_that_is_too_large(small):
    client = small.client(max_update_bytes=1024)
    with pytest.raises(converz.InvalidInputError, match="more than max_update_bytes=1024 for call_id 2, 4"):
        client.update_calls({"call_id": [1, 2, 3, 4], "a": ["x", "x" * 2000, "x", "é" * 600]})
    assert small.requests == []


NULLS = {
    "float64": pd.Series([1.5, float("nan")]),
    "float32": pd.Series([1.5, float("nan")], dtype="float32"),
    "Float64": pd.Series([1.5, None], dtype="Float64"),
    "a NaN in Float64": pd.Series([1.5, 0.0], dtype="Float64") / pd.Series([1.0, 0.0], dtype="Float64"),
    "ArrowDtype": pd.Series([1.5, None], dtype="float64[pyarrow]"),
    "a NaN in ArrowDtype": pd.Series(
        pd.array(pa.array([1.5, float("nan")]), dtype=pd.ArrowDtype(pa.float64()))
    ),
    "object": pd.Series([1.5, None], dtype=object),
    "a NaN in object": pd.Series([1.5, float("nan")], dtype=object),
    "NA": pd.Series([1.5, pd.NA], dtype=object),
    "NaT": pd.Series([1.5, pd.NaT], dtype=object),
    "category": pd.Series([1.5, None]).astype("category"),
    "sparse": pd.Series(pd.arrays.SparseArray([1.5, float("nan")])),
}


@pytest.mark.parametrize("kind", NULLS)
@pytest.mark.parametrize("as_dict", [False, True])
def test_what_pandas_has_as_null(untouched, kind, as_dict):
    columns = {"call_id": pd.Series([1, 2]), "a": NULLS[kind]}
    frame = columns if as_dict else pd.DataFrame(columns)
    (request,) = untouched.client().update_calls(frame, dry_run=True)
    assert request.body == b'{"call_id":[1],"a":[1.5]}'
    (request,) = untouched.client().update_calls(frame, nulls="clear", dry_run=True)
    assert request.body == b'[{"call_id":1,"a":1.5},{"call_id":2,"a":null}]'


@pytest.mark.parametrize(
    "dtype", ["datetime64[ns]", "datetime64[s]", "datetime64[us, UTC]", "timestamp[us][pyarrow]"]
)
def test_a_time_that_is_not(untouched, dtype):
    column = pd.Series(
        [pd.Timestamp("2025-07-01 12:00", tz="UTC" if "UTC" in dtype else None), pd.NaT], dtype=dtype
    )
    (request,) = untouched.client().update_calls(pd.DataFrame({"call_id": [1, 2], "a": column}), dry_run=True)
    zone = b"+00:00" if "UTC" in dtype else b""
    assert request.body == b'{"call_id":[1],"a":["2025-07-01 12:00:00%b"]}' % zone


@pytest.mark.parametrize(
    "frame",
    [
        pl.DataFrame({"call_id": [1, 2], "a": [None, None], "b": [1, 2]}),
        pl.DataFrame(
            {"call_id": [1, 2], "b": [1, 2], "a": [None, None]}, schema_overrides={"a": pl.List(pl.Null)}
        ),
        pa.table({"call_id": [1, 2], "a": pa.nulls(2), "b": [1, 2]}),
        pd.DataFrame({"call_id": [1, 2], "a": [None, None], "b": [1, 2]}),
        {"call_id": [1, 2], "a": [None, None], "b": [1, 2]},
    ],
    ids=["polars", "polars lists", "pyarrow", "pandas", "dict"],
)
def test_a_column_of_nulls_only(untouched, frame):
    (request,) = untouched.client().update_calls(frame, dry_run=True)
    assert request.body == b'{"call_id":[1,2],"b":[1,2]}'


def test_lists_of_nulls_from_polars(untouched):
    frame = pl.DataFrame({"call_id": [1, 2], "a": [[None], []], "b": [{"x": None}] * 2})
    (request,) = untouched.client().update_calls(frame, dry_run=True)
    assert request.body == b'{"call_id":[1,2],"a":[[null],[]],"b":[{"x":null},{"x":null}]}'


def test_what_was_handed_over_may_change(untouched):
    """A plan and a dry run are of the frame as it was."""
    array = np.array([1.5, 2.5])
    for frame in (
        {"call_id": [1, 2], "a": array},
        pd.DataFrame({"a": array}, index=pd.Index([1, 2], name="call_id"), copy=False),
    ):
        array[:] = [1.5, 2.5]
        (request,) = untouched.client().update_calls(frame, dry_run=True)
        array[:] = 9
        assert b"[1.5,2.5]" in request.body
