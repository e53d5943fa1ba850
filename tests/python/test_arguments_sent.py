"""What the arguments of the reading verbs become on the wire."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest


class BirthDay(date):
    """A subclass as other libraries have them."""


class Text(str):
    """Likewise."""

    __slots__ = ()


DATES = [
    ("2025-07-01", "2025-07-01"),
    (Text("2025-07-01"), "2025-07-01"),
    (date(2025, 7, 1), "2025-07-01"),
    (BirthDay(2025, 7, 1), "2025-07-01"),
    (datetime(2025, 7, 1, 23, 59), "2025-07-01"),
    (np.datetime64("2025-07-01"), "2025-07-01"),
    (pd.Timestamp("2025-07-01 13:30"), "2025-07-01"),
    ("1999-02-28", "1999-02-28"),
]

TIMES = [
    ("2025-07-01 12:00", "2025-07-01 12:00"),
    ("2025-07-01T12:00", "2025-07-01 12:00"),
    ("2025-07-01 12:00:00", "2025-07-01 12:00"),
    ("2025-07-01 12:00:07", "2025-07-01 12:00:07"),
    ("2025-07-01 12:00:07.25", "2025-07-01 12:00:07.250000"),
    ("2025-07-01", "2025-07-01 00:00"),
    (date(2025, 7, 1), "2025-07-01 00:00"),
    (datetime(2025, 7, 1, 12, 30), "2025-07-01 12:30"),
    (datetime(2025, 7, 1, 12, 30, 9, 500), "2025-07-01 12:30:09.000500"),
    (pd.Timestamp("2025-07-01 13:30:01"), "2025-07-01 13:30:01"),
    (pd.Timestamp("2025-07-01"), "2025-07-01 00:00"),
    (np.datetime64("2025-07-01T12:30"), "2025-07-01 12:30"),
    (np.datetime64("2025-07-01T12:00:09.000500123"), "2025-07-01 12:00:09.000500"),
]

LISTS = {
    "str": lambda: "sales",
    "subclass of str": lambda: Text("sales"),
    "numpy str": lambda: np.str_("sales"),
    "list": lambda: ["sales", "service"],
    "tuple": lambda: ("sales", "service"),
    "generator": lambda: (name for name in ["sales", "service"]),
    "keys": {"sales": 1, "service": 2}.keys,
    "numpy array": lambda: np.array(["sales", "service"]),
    "numpy objects": lambda: np.array(["sales", "service"], dtype=object),
    "pandas series": lambda: pd.Series(["sales", "service"], index=[7, 7]),
    "pandas categorical": lambda: pd.Series(["sales", "service"], dtype="category"),
    "pandas index": lambda: pd.Index(["sales", "service"]),
    "polars series": lambda: pl.Series(["sales", "service"]),
    "pyarrow array": lambda: pa.array(["sales", "service"]),
    "pyarrow chunked": lambda: pa.chunked_array([["sales"], ["service"]]),
}

REPEATED = ["rep_id", "vendor", "campaign", "subcampaign", "department"]
JOINED = ["metric", "vendor_call_id", "columns"]


@pytest.mark.parametrize(("value", "sent"), DATES, ids=repr)
def test_dates(client, asked, value, sent):
    client.calls(start_date=value, columns="call_id", limit=1)
    client.report(start_date=value)
    assert asked() == [[("start_date", sent), ("columns", "call_id")], [("start_date", sent)]]


@pytest.mark.parametrize(("value", "sent"), TIMES, ids=repr)
@pytest.mark.parametrize("name", ["after", "before"])
def test_times(client, asked, name, value, sent):
    client.calls(**{name: value}, limit=1)
    assert asked() == [[(name, sent)]]


@pytest.mark.parametrize("kind", LISTS)
def test_lists_are_any_strings(client, asked, kind):
    names = ["sales"] if "str" in kind else ["sales", "service"]
    client.calls(campaign=LISTS[kind](), columns="call_id", limit=1)
    client.report(campaign=LISTS[kind]())
    repeated = [("campaign", name) for name in names]
    assert asked() == [[*repeated, ("columns", "call_id")], repeated]


def test_sets(client, asked):
    client.calls(campaign={"sales", "service"}, limit=1)
    client.reps(department=frozenset(["sales", "customer care"]))
    assert sorted(asked()[0]) == [("campaign", "sales"), ("campaign", "service")]
    assert sorted(asked()[1]) == [("department", "customer care"), ("department", "sales")]


@pytest.mark.parametrize("name", REPEATED)
def test_arrays_are_repeated(client, asked, name):
    client.calls(**{name: ["a b", "c&d=e", "é,ü"]}, limit=1)
    # The second shows the columns of rows, of which the first has none.
    assert asked() == [[(name, "a b"), (name, "c&d=e"), (name, "é,ü")], []]


def test_strings_are_joined_by_commas(client, asked):
    ids = ["5a9fdc24-685d-42d9-9862-4dbdb52f51e9", "x"]
    client.calls(metric=["csat", "talk_ratio"], vendor_call_id=ids, columns=["call_id", "date"], limit=1)
    # There is no row, so the types of the metrics are asked for without the filter.
    assert asked().pop() == [("metric", "csat,talk_ratio"), ("columns", "call_id,date")]
    client.report(metric=["csat", "talk_ratio"], groupby=["week", "campaign"])
    assert asked() == [
        [("metric", "csat,talk_ratio"), ("vendor_call_id", ",".join(ids)), ("columns", "call_id,date")],
        [("metric", "csat,talk_ratio"), ("columns", "call_id,date")],
        [("metric", "csat,talk_ratio"), ("groupby", "week,campaign")],
    ]


@pytest.mark.parametrize("value", [True, 1, np.bool_(True), np.int64(1)], ids=repr)
def test_active(client, asked, value):
    assert set(client.reps(active=value).to_pydict()["active"]) == {1}
    # The page, and the one that proves that it is the last.
    assert asked() == [[("active", "1")]] * 2


def test_inactive(client, asked):
    client.reps(active=False)
    client.reps(active=0)
    assert asked() == [[("active", "0")]] * 4


@pytest.mark.parametrize("value", [7, np.int32(7)], ids=repr)
def test_days(client, asked, value):
    client.report(days=value)
    client.report(days=value, end_date="2025-07-10")
    assert asked() == [[("days", "7")], [("end_date", "2025-07-10"), ("days", "7")]]


def test_nothing_given_is_nothing_sent(client, asked):
    client.calls(limit=1)
    client.reps()
    client.report()
    # One for the limit, two for the whole, of which the last is empty, and one for the report.
    assert asked() == [[], [], [], []]


def test_everything_at_once(client, asked):
    client.calls(
        start_date="2025-07-01",
        end_date="2025-07-02",
        after="2025-07-01 09:00",
        before="2025-07-02 17:00",
        metric="csat",
        rep_id="kees500",
        vendor="pbx-north",
        campaign="sales",
        subcampaign="renewals",
        department="sales",
        vendor_call_id="x",
        columns="call_id",
    )
    assert sorted(asked()[0]) == sorted(
        {
            "start_date": "2025-07-01",
            "end_date": "2025-07-02",
            "after": "2025-07-01 09:00",
            "before": "2025-07-02 17:00",
            "metric": "csat",
            "rep_id": "kees500",
            "vendor": "pbx-north",
            "campaign": "sales",
            "subcampaign": "renewals",
            "department": "sales",
            "vendor_call_id": "x",
            "columns": "call_id",
        }.items()
    )
