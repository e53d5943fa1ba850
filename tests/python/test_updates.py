"""Updates: both verbs, every kind of frame, what a null does, and what is refused."""

from __future__ import annotations

import itertools
import json
from collections import OrderedDict
from datetime import UTC, date, datetime

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import converz

COLUMNS = {"call_id": [1, 2, 3], "campaign": ["A", None, "C"], "score": [1.5, 2.5, None]}
ROWS = [dict(zip(COLUMNS, values, strict=True)) for values in zip(*COLUMNS.values(), strict=True)]

FRAMES = {
    "dict of lists": lambda: COLUMNS,
    "dict of tuples": lambda: {name: tuple(values) for name, values in COLUMNS.items()},
    "mapping": lambda: OrderedDict(COLUMNS),
    "dict of series": lambda: {name: pd.Series(values) for name, values in COLUMNS.items()},
    "dict of numpy arrays": lambda: COLUMNS | {"call_id": np.array([1, 2, 3])},
    "dict of pyarrow arrays": lambda: {name: pa.array(values) for name, values in COLUMNS.items()},
    "dict of polars series": lambda: {name: pl.Series(values) for name, values in COLUMNS.items()},
    "dict of iterators": lambda: {name: iter(values) for name, values in COLUMNS.items()},
    "list of dicts": lambda: ROWS,
    "tuple of dicts": lambda: tuple(ROWS),
    "pandas": lambda: pd.DataFrame(COLUMNS),
    "pandas with an index": lambda: pd.DataFrame(COLUMNS).set_index("call_id"),
    "pandas, nullable": lambda: pd.DataFrame(COLUMNS).convert_dtypes(),
    "pandas, pyarrow": lambda: pd.DataFrame(COLUMNS).convert_dtypes(dtype_backend="pyarrow"),
    "pandas, objects": lambda: pd.DataFrame(COLUMNS, dtype=object),
    "pandas, categories": lambda: pd.DataFrame(COLUMNS).astype({"campaign": "category"}),
    "polars": lambda: pl.DataFrame(COLUMNS),
    "polars, categories": lambda: pl.DataFrame(COLUMNS, schema_overrides={"campaign": pl.Categorical}),
    "pyarrow table": lambda: pa.table(COLUMNS),
    "pyarrow batch": lambda: pa.record_batch(COLUMNS),
    "pyarrow reader": lambda: pa.table(COLUMNS).to_reader(),
    "duckdb": lambda: duckdb.sql(
        "select * from (values (1, 'A', 1.5::double), (2, null, 2.5), (3, 'C', null)) t(call_id, campaign, score)"
    ),
    "converz.Table": lambda: converz.Table(pa.table(COLUMNS)),
}


@pytest.fixture
def stored(client):
    """The values of some columns of the first conversations, as the sandbox has them."""

    def stored(*columns: str, limit: int = 3) -> list[tuple[object, ...]]:
        values = client.calls(columns=["call_id", *columns], limit=limit).to_pydict()
        return list(zip(*(values[column] for column in columns), strict=True))

    return stored


@pytest.mark.parametrize("kind", FRAMES)
def test_every_kind_of_frame(client, stored, kind):
    before = stored("campaign")
    result = client.update_calls(FRAMES[kind]())
    assert (result.rows, result.cells) == (3, 4)
    assert stored("campaign", "score") == [("A", 1.5), (before[1][0], 2.5), ("C", None)]


@pytest.mark.parametrize("kind", FRAMES)
def test_every_kind_of_frame_clears(client, stored, kind):
    result = client.update_calls(FRAMES[kind](), nulls="clear")
    assert (result.rows, result.cells) == (3, 6)
    assert stored("campaign", "score") == [("A", 1.5), (None, 2.5), ("C", None)]


def test_users(client):
    rep_ids = client.reps().to_pydict()["rep_id"]
    result = client.update_reps({"rep_id": rep_ids[:2], "team": ["north", None]})
    assert (result.rows, result.cells, result.requests) == (1, 1, 1)
    assert result.seconds > 0
    values = client.reps().to_pydict()
    assert dict(zip(values["rep_id"], values["team"], strict=True))[rep_ids[0]] == "north"
    assert values["team"].count(None) == 11


@pytest.mark.parametrize(
    ("values", "read"),
    [
        ([True, False, None], [True, False, None]),
        ([1, -(2**63), None], [1, -(2**63), None]),
        ([2**63, 2**64 - 1, 0], [2**63, 2**64 - 1, 0]),
        ([0.1, -0.0, 1e300], [0.1, -0.0, 1e300]),
        (["é\U0001f600", "'; drop table calls --", ""], ["é\U0001f600", "'; drop table calls --", ""]),
        ([date(2025, 7, 1), None, date(1999, 12, 31)],) * 2,
        ([datetime(2025, 7, 1, 12, 30), None, datetime(2025, 7, 1, 12, 30, 1, 5)],) * 2,
        ([np.int64(5), np.int8(-5), None], [5, -5, None]),
        ([np.float64(0.5), None, np.float32(0.25)], [0.5, None, 0.25]),
        ([pd.Timestamp("2025-07-01 12:30"), pd.NaT, None], [datetime(2025, 7, 1, 12, 30), None, None]),
    ],
)
def test_values_come_back_as_they_were(client, values, read):
    client.update_calls({"call_id": [1, 2, 3], "value": values})
    assert client.calls(columns=["call_id", "value"], limit=3).to_pydict()["value"] == read


@pytest.mark.parametrize(
    ("kind", "unit"),
    [(np.asarray, "h"), (np.asarray, "m")]
    + [(kind, unit) for kind in (np.asarray, pd.Series, pd.Index) for unit in ("s", "ms", "us", "ns")],
)
def test_numpys_times(client, kind, unit):
    times = np.array(["2025-07-01T12:00", "NaT", "1969-12-31T23:00"], f"datetime64[{unit}]")
    client.update_calls({"call_id": [1, 2, 3], "value": kind(times)})
    read = client.calls(columns=["call_id", "value"], limit=3).to_pydict()["value"]
    assert read == [datetime(2025, 7, 1, 12), None, datetime(1969, 12, 31, 23)]


def test_numpys_days(client):
    days = np.array(["2025-07-01", "NaT"], "datetime64[D]")
    client.update_calls({"call_id": [1, 2], "value": days})
    assert client.calls(columns=["call_id", "value"], limit=2).to_pydict()["value"] == [
        date(2025, 7, 1),
        None,
    ]


@pytest.mark.parametrize(
    "values",
    [np.zeros((2, 2)), np.zeros(2, "timedelta64[s]"), np.zeros(2, "datetime64[2s]"), np.zeros(2, complex)],
)
def test_numpys_other_arrays(client, values):
    with pytest.raises(converz.InvalidInputError, match="frame\\[.value.\\]"):
        client.update_calls({"call_id": [1, 2], "value": values})


def test_a_zone_is_kept(client, sandbox):
    time = datetime(2025, 7, 1, 12, 30, tzinfo=UTC)
    plan = client.update_calls({"call_id": [1], "at_time": [time]}, dry_run=True)
    assert json.loads(plan[0].body)["at_time"][0].startswith("2025-07-01 12:30:00")
    assert sandbox.requests == []


def test_a_null_is_never_sent(client):
    for plan in client.update_calls(COLUMNS, dry_run=True):
        assert b"null" not in plan.body


def test_clearing_is_row_by_row(client):
    (plan,) = client.update_calls(COLUMNS, nulls="clear", dry_run=True)
    assert json.loads(plan.body) == ROWS


def test_a_dry_run_is_what_would_be_sent(sandbox, client):
    plans = client.update_calls(COLUMNS, dry_run=True)
    assert sandbox.requests == []
    assert {plan.method for plan in plans} == {"POST"}
    assert {plan.path for plan in plans} == {"/calls"}
    assert sum(plan.cells for plan in plans) == 4
    for plan in plans:
        body = json.loads(plan.body)
        assert len(plan.body) == plan.bytes
        assert [name for name in body if name != "call_id"] == plan.columns
        assert len(body["call_id"]) == plan.rows
        assert repr(plan).startswith("PlannedRequest(POST /calls: ")
    result = client.update_calls(COLUMNS)
    assert result.requests == len(plans) == len(sandbox.requests)
    assert {plan.path for plan in client.update_reps({"rep_id": ["a"], "x": [1]}, dry_run=True)} == {"/reps"}


def test_nothing_to_do(sandbox, client):
    for frame in (
        {"call_id": [1, 2], "campaign": [None, None]},
        pd.DataFrame({"call_id": [1], "score": [float("nan")]}),
    ):
        result = client.update_calls(frame)
        assert (result.cells, result.requests) == (0, 0)
    assert sandbox.requests == []


def test_many_requests(sandbox):
    client = sandbox.client(max_update_bytes=1024)
    note = ["n" * 50] * 300
    result = client.update_calls({"call_id": list(range(1, 301)), "note": note})
    assert (result.rows, result.cells) == (300, 300)
    assert result.requests == len(sandbox.requests) > 10
    assert client.calls(columns="note").to_pydict()["note"] == note


def test_progress(client):
    told = []
    client.update_calls(COLUMNS, progress=lambda rows, size: told.append((rows, size)))
    assert told == sorted(told)
    assert told


REFUSED = {
    "no key": ({"campaign": ["A"]}, "call_id"),
    "no attribute": ({"call_id": [1]}, "call_id"),
    "a null key": ({"call_id": [1, None], "a": ["x", "y"]}, "row"),
    "a doubled key": ({"call_id": [1, 2, 1], "a": ["x", "y", "z"]}, "1"),
    "a text as key": ({"call_id": ["1"], "a": ["x"]}, "call_id"),
    "a fraction as key": ({"call_id": [1.5], "a": ["x"]}, "call_id"),
    "unequal columns": ({"call_id": [1, 2], "a": ["x"]}, "different lengths"),
    "a bare string": ({"call_id": [1], "a": "x"}, "'x' is not a column"),
    "a number": ({"call_id": 1, "a": ["x"]}, "1 is not a column"),
    "mixed types": ({"call_id": [1, 2], "a": ["x", 5]}, "one type"),
    "infinite": ({"call_id": [1], "a": [float("inf")]}, "inf"),
    "too large": ({"call_id": [1], "a": [2**70]}, "nor in uint64"),
    "larger still": ({"call_id": [1], "a": [2**200]}, "64 bits"),
    "a lone surrogate": ({"call_id": [1], "a": ["\ud800"]}, "surrogate"),
    "an object": ({"call_id": [1], "a": [object()]}, "row 0"),
    "ragged rows": ([{"call_id": 1, "a": 1}, {"call_id": 2, "b": 2}], "same keys"),
    "no rows": ([], "no rows"),
    "a row that is no dict": ([{"call_id": 1, "a": 1}, 5], "frame[1]=5"),
    "no frame": (5, "int"),
    "text": ("call_id", "str"),
    "None": (None, "NoneType"),
    "a series": (pd.Series([1]), "Series"),
    "lazy": (pl.LazyFrame({"call_id": [1], "a": [1]}), "collect()"),
    "a name that is no string": ({"call_id": [1], 5: ["x"]}, "5"),
    "doubled columns": (pd.DataFrame([[1, "x", "y"]], columns=["call_id", "a", "a"]), "a"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_refused_with_nothing_sent(sandbox, client, kind):
    frame, says = REFUSED[kind]
    for dry_run in (False, True):
        with pytest.raises(converz.InvalidInputError) as caught:
            client.update_calls(frame, dry_run=dry_run)
        assert says in str(caught.value)
    assert sandbox.requests == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("nulls", "drop"), ("nulls", None), ("nulls", True), ("dry_run", "no"), ("dry_run", 1), ("progress", 5)],
)
def test_refused_arguments(sandbox, client, name, value):
    for verb in (client.update_calls, client.update_reps):
        with pytest.raises(converz.InvalidInputError, match=f"{name}={value!r} is not"):
            verb({"call_id": [1], "rep_id": ["a"], "a": ["x"]}, **{name: value})
    assert sandbox.requests == []


def test_a_key_of_users_is_a_string(sandbox, client):
    with pytest.raises(converz.InvalidInputError, match="rep_id"):
        client.update_reps({"rep_id": [500], "team": ["A"]})
    assert sandbox.requests == []


def test_an_unknown_key_is_the_services_to_refuse(client, stored):
    before = stored("campaign")
    with pytest.raises(converz.UpdateError) as caught:
        client.update_calls({"call_id": [1, 999_999], "campaign": ["A", "B"]})
    assert isinstance(caught.value.__cause__, converz.BadRequestError)
    assert caught.value.__cause__.code == "unknown_id"
    assert stored("campaign") == before


def test_what_remains_finishes_the_job():
    faults = [converz.Fault(operation="update_calls", request=2, status=403)]
    frame = {"call_id": list(range(1, 51)), "note": ["n" * 100] * 50}
    with converz.Sandbox(calls=50, reps=5, faults=faults) as sandbox:
        client = sandbox.client(max_update_bytes=2048)
        with pytest.raises(converz.UpdateError) as caught:
            client.update_calls(frame)
        error = caught.value
        covered = sorted(error.committed + error.in_doubt + error.unsent)
        assert covered[0][0] == 0
        assert covered[-1][1] == 50
        assert all(one[1] == other[0] for one, other in itertools.pairwise(covered))
        assert error.remaining.num_rows == 50 - sum(end - start for start, end in error.committed)
        client.update_calls(error.remaining)
        assert client.calls(columns="note").to_pydict() == {"note": frame["note"]}


def test_dates_stay_dates_by_way_of_pandas():
    with converz.Sandbox(calls=30, reps=4, today="2025-07-15") as sandbox:
        client = sandbox.client()
        reps, calls = client.reps(), client.calls()
        client.update_reps(reps.to_pandas().assign(team="A"))
        client.update_calls(calls.to_pandas().set_index("call_id").assign(language="nl"))
        client.update_calls(calls.to_pandas(dtype_backend="numpy_nullable")[["call_id", "date"]])
        assert client.reps().schema["hired_on"] == "date32"
        assert client.reps().to_polars().select(reps.column_names).equals(reps.to_polars())
        again = client.calls().to_polars()
        assert again["date"].equals(calls.to_polars()["date"])
        assert again["start_time"].equals(calls.to_polars()["start_time"])


def test_a_time_of_day_stays_in_a_column_that_was_of_dates(client):
    frame = converz.Table(pl.DataFrame({"call_id": [1, 2], "due": [date(2025, 1, 1), None]})).to_pandas()

    def sent(frame) -> list[object]:
        [request] = client.update_calls(frame, dry_run=True)
        return json.loads(request.body)["due"]

    assert sent(frame) == ["2025-01-01"]
    assert sent(frame.assign(due=frame["due"] + pd.Timedelta(hours=1))) == ["2025-01-01 01:00:00"]
    # A column that never was one of dates has moments, be they midnights.
    moments = pd.DataFrame({"call_id": [1], "due": pd.to_datetime(["2025-01-01"])})
    with pytest.warns(converz.ConverzWarning, match="midnight"):
        assert sent(moments) == ["2025-01-01 00:00:00"]


def test_series_are_not_put_together_against_their_indexes(client):
    calls = pd.Series([1, 2], index=[5, 6])
    with pytest.raises(
        converz.InvalidInputError, match=r"frame\['a'\] has another index than frame\['call_id'\]"
    ):
        client.update_calls({"call_id": calls, "a": pd.Series([10, 20], index=[6, 5])}, dry_run=True)
    [request] = client.update_calls({"call_id": calls, "a": calls * 10, "b": [1, 2]}, dry_run=True)
    assert json.loads(request.body) == {"call_id": [1, 2], "a": [10, 20], "b": [1, 2]}
