"""A result without rows has the columns and types of one with rows, whichever verb reads it."""

from __future__ import annotations

import pickle

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import converz
from support.service import Answer, serving

METRICS = ["csat", "talk_ratio", "resolved"]
QUIET = {"start_date": "2025-07-20", "end_date": "2025-07-20"}
"""A day after all data."""


def test_a_quiet_day_has_the_columns_and_types_of_a_busy_one(client):
    for arguments in ({}, {"metric": METRICS}, {"metric": "csat", "columns": ["start_time", "duration_s"]}):
        busy, quiet = client.calls(**arguments), client.calls(**QUIET, **arguments)
        assert (busy.num_rows, quiet.num_rows) == (300, 0)
        assert quiet.schema == busy.schema
    assert quiet.column_names == ["start_time", "duration_s", "csat"]
    assert client.reps(department="none").schema == client.reps().schema
    for arguments in (
        {"groupby": ["date", "rep_id"], "metric": "csat"},
        {"groupby": "week"},
        {"groupby": "campaign", "metric": METRICS},
    ):
        busy, quiet = client.report(**arguments), client.report(**QUIET, **arguments)
        assert busy.num_rows > 0
        assert quiet.num_rows == 0
        assert quiet.schema == busy.schema
        assert "conversations" in quiet.column_names


def test_the_days_of_a_week_can_be_put_together(client):
    days = [
        client.calls(start_date=f"2025-07-{day}", end_date=f"2025-07-{day}", metric="csat")
        for day in range(12, 19)
    ]
    assert days[-1].num_rows == 0 < days[0].num_rows
    week = client.calls(start_date="2025-07-12", metric="csat")
    assert pa.concat_tables([day.to_arrow() for day in days]).num_rows == week.num_rows
    assert pl.concat([day.to_polars() for day in days]).equals(week.to_polars())
    frames = [day.to_pandas() for day in days]
    assert all("csat" in frame for frame in frames)
    assert pd.concat(frames).shape == week.to_pandas().shape


def test_streams_scans_and_windows_have_them_too(client):
    table = client.calls(**QUIET, metric="csat")
    with client.stream_calls(**QUIET, metric="csat") as stream:
        assert stream.schema.names == table.schema.names
        assert list(stream) == []
    # A stream's column takes values, if any come.
    assert {kind for kind in stream.schema.types if kind == "null"} == set()
    with client.stream_reps(department="none") as stream:
        assert stream.schema == client.reps().schema
    lazy = client.scan_calls(**QUIET, metric="csat")
    assert lazy.collect_schema() == client.calls(metric="csat").to_polars().schema
    windows = client.windows("2025-07-14", "2025-07-20")
    schemas = [day.schema for _, day in client.read_windows(windows, metric="csat")]
    assert schemas == [table.schema] * 7


def test_the_columns_are_asked_for_once(sandbox, asked):
    client = sandbox.client()
    receipt = client.calls(**QUIET, metric="csat").receipt
    assert asked()[-1] == [("metric", "csat")]
    assert receipt.requests == receipt.pages == len(asked())
    assert (receipt.rows, receipt.columns) == (0, ())
    assert dict(receipt.query)["start_date"] == "2025-07-20"

    def of_columns() -> int:
        nonlocal before
        requests, before = asked()[before:], len(asked())
        return len([query for query in requests if {"start_date", "campaign"}.isdisjoint(dict(query))])

    before = len(asked())
    again = client.calls(**QUIET, metric="csat")
    assert (of_columns(), again.receipt.requests) == (0, receipt.requests - 1)
    client.stream_calls(campaign="none", metric="csat").close()
    client.scan_calls(campaign="none", metric="csat")
    list(client.read_windows(client.windows("2025-07-16", "2025-07-30"), metric="csat"))
    client.calls(campaign="none", metric="csat", schema={"csat": "string"})
    assert of_columns() == 0
    client.calls(campaign="none", metric="talk_ratio")
    client.calls(campaign="none", metric="csat", parse_dates=False)
    client.report(campaign="none", groupby="week", start_date="2025-07-01")
    assert of_columns() == 3
    # Another client, and one from a pickle, know nothing yet.
    sandbox.client().calls(**QUIET, metric="csat")
    assert of_columns() == 1


def test_what_is_known_is_not_asked_for(client, asked):
    pins = {"csat": "float64", "start_time": "timestamp[us]"}
    calls = client.calls(campaign="none", columns=["start_time", "csat", "call_id"], schema=pins)
    assert dict(calls.schema) == {**pins, "call_id": "int64"}
    assert all(dict(query)["campaign"] == "none" for query in asked())
    before = len(asked())
    nothing = client.calls(**QUIET, metric="csat", limit=0)
    assert (len(asked()), nothing.receipt.requests) == (before, 0)
    assert {"call_id", "csat"} <= set(nothing.column_names)


def test_a_service_without_rows_gives_what_is_known_and_asked_for():
    with serving(lambda _: Answer(b"[]")) as url:
        client = converz.Client(url, api_key="k")
        known = client.calls().column_names
        assert known[0] == "call_id"
        assert client.calls(campaign="none", metric=METRICS).column_names == [*known, *METRICS]
        assert client.calls(columns=["a", "call_id"], **QUIET).column_names == ["a", "call_id"]
        assert client.report(groupby="week", metric="csat", days=3).column_names == ["week", "csat"]
        assert dict(client.reps(active=True).schema) == dict.fromkeys(
            ["rep_id", "name", "gender", "campaign", "department"], "string"
        )


def test_a_service_that_refuses_to_show_them_is_a_warning_and_no_error():
    def answer(asked):
        return (
            Answer(b"[]") if "campaign" in asked.query else Answer(b'{"error": "choose", "code": "c"}', 403)
        )

    with serving(answer) as url:
        client = converz.Client(url, api_key="k")
        with pytest.warns(
            converz.ConverzWarning, match="asking for rows that show the others failed.*choose"
        ):
            table = client.calls(campaign="sales", metric="csat")
    assert table.column_names[-1] == "csat"
    assert pickle.loads(pickle.dumps(table)).schema == table.schema
