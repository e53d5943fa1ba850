"""Dates on their way through pandas, which has no type for them: nothing becomes a time without a word."""

from __future__ import annotations

import datetime as dt
import json
import warnings

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import converz
from support.stored_rows import sent, store, stored

ALL = {"start_date": "2000-01-01"}
DAYS = ["2025-07-01", "2025-06-30", "2024-02-29"]


@pytest.fixture
def filled(small):
    """Conversations with an attribute of dates, and one of times that are all midnight."""
    store(
        small,
        [1, 2, 3],
        {
            "follow_up": [json.dumps(day) for day in DAYS],
            "opened": [json.dumps(f"{day} 00:00:00") for day in DAYS],
        },
    )
    return small


def read(small) -> pd.DataFrame:
    columns = ["call_id", "date", "follow_up", "opened"]
    return small.client().calls(columns=columns, limit=3).to_pandas()


OTHER = pd.DataFrame({"call_id": [1, 2, 3], "team": ["A", "B", "C"]})

WAYS = {
    "merge": lambda frame: frame.merge(OTHER),
    "join": lambda frame: frame.set_index("call_id").join(OTHER.set_index("call_id")).reset_index(),
    "DataFrame": lambda frame: pd.DataFrame({name: frame[name] for name in frame}),
    "rename": lambda frame: frame.rename(columns={"follow_up": "x"}).rename(columns={"x": "follow_up"}),
    "concat": lambda frame: pd.concat([frame, OTHER.drop(columns="call_id")], axis=1),
    "duckdb": lambda frame: duckdb.from_arrow(pa.Table.from_pandas(frame)).df(),
    "polars": pl.from_pandas,
    "pyarrow": pa.Table.from_pandas,
    "records": lambda frame: frame.to_dict("records"),
    "lists": lambda frame: frame.to_dict("list"),
    "nullable": lambda frame: pd.DataFrame(frame.convert_dtypes(dtype_backend="pyarrow").to_dict("series")),
    "category": lambda frame: pd.DataFrame({name: frame[name].astype("category") for name in frame}),
}


def without_mark(frame, kind):
    changed = WAYS[kind](frame)
    if isinstance(changed, pd.DataFrame):
        # Some versions keep it here or there.
        changed.attrs.clear()
    return changed


@pytest.mark.parametrize("kind", WAYS)
def test_dates_that_lost_their_mark(filled, kind):
    client = filled.client()
    frame = without_mark(read(filled), kind)
    before = stored(filled)
    with pytest.warns(converz.ConverzWarning) as caught:
        requests = client.update_calls(frame, dry_run=True)
    # One a column, which the reader's own line has brought about, and nothing of the known one.
    assert sorted(str(warning.message).partition(" ")[0] for warning in caught) == [
        'frame["follow_up"]',
        'frame["opened"]',
    ]
    assert {warning.filename for warning in caught} == {__file__}
    assert all("dt.date" in str(warning.message) for warning in caught)
    (body,) = [json.loads(request.body) for request in requests]
    assert body["date"] == [before[key]["date"] for key in (1, 2, 3)]
    assert body["follow_up"] == body["opened"] == [f"{day} 00:00:00" for day in DAYS]

    # The plan knows what is stored: it says what is certain, and shows it.
    with pytest.warns(converz.ConverzWarning) as caught:
        plan = client.plan_update_calls(frame, **ALL)
    (warning,) = caught
    assert warning.filename == __file__
    assert 'frame["follow_up"]' in str(warning.message)
    assert "what is stored there are dates" in str(warning.message)
    changes = plan.changes.to_pydict()
    rows = [
        (key, json.loads(old), json.loads(new))
        for key, name, old, new in zip(*changes.values(), strict=True)
        if name == "follow_up"
    ]
    assert rows == [(key, day, f"{day} 00:00:00") for key, day in zip((1, 2, 3), DAYS, strict=True)]
    same = {column.name: column.same for column in plan.columns}
    assert (same["date"], same["opened"], same["follow_up"]) == (3, 3, 0)
    # What it sends is what the update would.
    plan.apply()
    assert json.loads(stored_words(filled, 1)) == f"{DAYS[0]} 00:00:00"
    assert plan.undo().cells == plan.num_changes
    assert {key: row["follow_up"] for key, row in stored(filled).items()} == {
        key: row["follow_up"] for key, row in before.items()
    }


def stored_words(small, key) -> str:
    return json.dumps(stored(small)[key]["follow_up"])


@pytest.mark.parametrize("kind", ["merge", "polars", "lists"])
def test_the_remedy_of_the_warning(filled, kind):
    """What it says to write for dates and for times is taken without a word, and is no change."""
    client = filled.client()
    frame = without_mark(read(filled), kind)
    with pytest.warns(converz.ConverzWarning) as caught:
        client.update_calls(frame, dry_run=True)
    if isinstance(frame, pl.DataFrame):
        frame = frame.with_columns(
            pl.col("follow_up").cast(pl.Date), pl.col("opened").dt.strftime("%Y-%m-%d %H:%M:%S")
        )
    else:
        frame = pd.DataFrame(frame)
        for warning in caught:
            _, _, remedies = str(warning.message).partition("If these are dates, make them such (pandas: ")
            as_dates = remedies.partition(", polars")[0]
            as_times = remedies.partition("(pandas: ")[2].removesuffix(")")
            name = "follow_up" if "follow_up" in as_dates else "opened"
            frame[name] = eval(as_dates if name == "follow_up" else as_times, {"frame": frame})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plan = client.plan_update_calls(frame[["call_id", "follow_up", "opened"]], **ALL)
        assert plan.num_changes == 0
        client.update_calls(frame[["call_id", "follow_up", "opened"]])
    rows = stored(filled)
    assert [rows[key]["follow_up"] for key in (1, 2, 3)] == DAYS
    assert [rows[key]["opened"] for key in (1, 2, 3)] == [f"{day} 00:00:00" for day in DAYS]


def test_the_mark_of_a_table_is_kept(filled):
    """As long as pandas keeps it, whatever the type of the column is by then."""
    client = filled.client()
    marked = read(filled)[["call_id", "date", "follow_up"]]
    for frame in (
        marked,
        marked.copy(),
        marked[marked["call_id"] > 0],
        marked.set_index("call_id"),
        marked.convert_dtypes(dtype_backend="pyarrow"),
        marked.assign(follow_up=marked["follow_up"].astype("category")),
        marked.assign(follow_up=marked["follow_up"].astype("datetime64[ns]")),
        marked.assign(follow_up=marked["follow_up"].where(marked["call_id"] != 2)),
    ):
        (request, *more) = client.update_calls(frame, dry_run=True)
        text = b"".join(one.body for one in [request, *more])
        assert b"00:00:00" not in text
        assert client.plan_update_calls(frame, **ALL).num_changes == 0
    moved = marked.assign(follow_up=marked["follow_up"] + pd.Timedelta("1h"))
    (request,) = client.update_calls(moved, dry_run=True)
    assert json.loads(request.body)["follow_up"] == [f"{day} 01:00:00" for day in DAYS]
    assert client.plan_update_calls(moved, **ALL).num_changes == 3


def test_what_a_new_attribute_is_cannot_be_known(filled):
    client = filled.client()
    frame = {"call_id": [1, 2], "due": [dt.datetime(2025, 7, 1), None]}
    for call in (
        lambda: client.plan_update_calls(frame, **ALL),
        lambda: client.update_calls(frame, dry_run=True),
        lambda: client.update_calls(frame),
    ):
        with pytest.warns(
            converz.ConverzWarning, match=r'frame\["due"\].*if dates are stored there'
        ) as caught:
            call()
        assert len(caught) == 1
    # By then it can: these are times beside times.
    assert client.plan_update_calls(frame, **ALL).num_changes == 0


def test_a_warning_that_is_an_error_comes_before_anything_is_sent(filled):
    before = len(sent(filled))
    with pytest.raises(converz.ConverzWarning):
        filled.client().update_calls({"call_id": [1], "follow_up": [dt.datetime(2025, 7, 1)]})
    assert len(sent(filled)) == before


def test_times_that_are_no_dates_are_sent_without_a_word(filled):
    client = filled.client()
    for values in (
        [dt.datetime(2025, 7, 1), dt.datetime(2025, 7, 1, 0, 0, 0, 1)],
        [dt.datetime(2025, 7, 1, tzinfo=dt.UTC)] * 2,
        [dt.date(2025, 7, 1)] * 2,
        ["2025-07-01"] * 2,
        [None, None],
    ):
        client.update_calls({"call_id": [1, 2], "due": values}, dry_run=True)
    client.update_calls({"call_id": [1], "start_time": [dt.datetime(2025, 7, 1)]}, dry_run=True)


def test_dates_among_times_are_a_change(filled):
    """They make text of a column of times, which a plan has to show."""
    client = filled.client()
    plan = client.plan_update_calls(
        {"call_id": [1, 2, 3], "opened": [dt.date.fromisoformat(day) for day in DAYS]}, **ALL
    )
    assert plan.columns[0].changed == 3


def test_what_remains_has_the_dates_that_were_sent():
    fault = converz.Fault(operation="update_calls", request=1, status=400)
    with converz.Sandbox(calls=20, reps=2, today="2025-07-15", faults=[fault]) as sandbox:
        client = sandbox.client()
        with pytest.raises(converz.UpdateError) as caught:
            client.update_calls({"call_id": [1], "date": [dt.datetime(2025, 7, 1)]})
        assert caught.value.remaining.to_pydict() == {"call_id": [1], "date": [dt.date(2025, 7, 1)]}
        client.update_calls(caught.value.remaining)
        assert stored(sandbox)[1]["date"] == "2025-07-01"


@pytest.mark.parametrize(
    ("name", "values", "told"),
    [
        (
            "start_time",
            [dt.date(2025, 7, 15)],
            "holds dates (date32), and they are sent as such: the API knows it as times",
        ),
        ("start_time", [20250715], "holds numbers (int64)"),
        ("date", [45853.0], "holds numbers (float64)"),
        ("date", [True], "holds truth values (bool)"),
        (
            "date",
            [dt.datetime(2025, 7, 15, 12)],
            "the API knows it as dates, and a column with times among its dates",
        ),
    ],
)
def test_what_a_documented_date_or_time_is_not_is_told(filled, name, values, told):
    frame = {"call_id": [1], name: values}
    client = filled.client()
    for call in (
        lambda: client.update_calls(frame, dry_run=True),
        lambda: client.plan_update_calls(frame, **ALL),
    ):
        with pytest.warns(converz.ConverzWarning) as caught:
            call()
        (warning,) = {str(warning.message) for warning in caught}
        assert f'frame["{name}"]' in warning
        assert told in warning


@pytest.mark.parametrize(
    "columns",
    [
        {"start_time": [dt.datetime(2025, 7, 15, 12)]},
        {"start_time": pd.to_datetime(["2025-07-15"])},
        {"start_time": ["2025-07-15 12:00:00"]},
        {"date": [dt.date(2025, 7, 15)]},
        {"date": pd.to_datetime(["2025-07-15"])},
        {"date": pa.array([None], pa.int64())},
        {"follow_up": [dt.date(2025, 7, 15)], "opened": [7]},
    ],
)
def test_what_it_is_is_not_told(filled, columns):
    filled.client().update_calls({"call_id": [1], **columns}, dry_run=True)
