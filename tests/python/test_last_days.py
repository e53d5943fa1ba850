"""`days` of conversations: the last ones, sent as dates."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

import converz


def dates(query) -> tuple[str | None, str | None]:
    found = dict(query)
    return found.get("start_date"), found.get("end_date")


def last(days: int) -> set[tuple[str, str]]:
    """The range as it is today, or was when the test began a day earlier."""
    today = date.today()
    return {
        ((end - timedelta(days=days - 1)).isoformat(), end.isoformat())
        for end in (today, today - timedelta(days=1))
    }


def test_days_end_today_or_with_the_end_date(client, asked):
    receipt = client.calls(days=7).receipt
    assert dates(receipt.query) in last(7)
    assert dates(asked()[0]) == dates(receipt.query)
    assert "days" not in dict(receipt.query)
    week = client.calls(days=7, end_date="2025-07-15")
    assert dates(week.receipt.query) == ("2025-07-09", "2025-07-15")
    assert week == client.calls(start_date="2025-07-09", end_date=date(2025, 7, 15))
    assert week.num_rows > 0
    assert dates(client.calls(days=2, start_date="2025-07-01").receipt.query) == ("2025-07-01", "2025-07-02")


def test_streams_scans_and_plans_have_them_too(client, asked):
    week = client.calls(days=7, end_date="2025-07-15")
    with client.stream_calls(days=7, end_date="2025-07-15") as stream:
        assert sum(batch.num_rows for batch in stream) == week.num_rows
    assert dates(stream.receipt.query) == ("2025-07-09", "2025-07-15")
    lazy = client.scan_calls(days=7, end_date="2025-07-15")
    assert lazy.collect().height == week.num_rows
    narrower = lazy.filter(pl.col("date") >= date(2025, 7, 14))
    before = len(asked())
    assert narrower.collect().height == client.calls(start_date="2025-07-14", end_date="2025-07-15").num_rows
    # A day wider than the condition, and no wider than the range.
    assert dates(asked()[before]) == ("2025-07-13", "2025-07-15")
    assert dates(asked()[0]) == ("2025-07-09", "2025-07-15")
    ids = week.to_pydict()["call_id"]
    frame = {"call_id": ids, "campaign": ["x"] * len(ids)}
    plan = client.plan_update_calls(frame, days=7, end_date="2025-07-15")
    assert plan.rows == len(ids)


def test_the_command_line_has_them(sandbox, run_python):
    environment = {"CONVERZ_BASE_URL": sandbox.url, "CONVERZ_API_KEY": sandbox.api_key}
    done = run_python("-m", "converz", "calls", "--days", "7", "--end-date", "2025-07-15", env=environment)
    rows = sandbox.client().calls(days=7, end_date="2025-07-15").num_rows
    assert len(done.stdout.splitlines()) == rows + 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"days": 0}, "days=0 is not a number of days from 1"),
        ({"days": -1}, "days=-1 is not"),
        ({"days": 10**6}, "days=1000000 is not"),
        ({"days": 1.5}, "days=1.5"),
        ({"days": True}, "days=True"),
        ({"days": 3, "start_date": "2025-07-01", "end_date": "2025-07-03"}, "leave one of the three out"),
        ({"days": 3, "end_date": "0000-01-01"}, "calendar"),
    ],
)
def test_days_that_are_none(client, asked, arguments, message):
    for read in (client.calls, client.stream_calls, client.scan_calls):
        with pytest.raises(converz.InvalidInputError, match=message):
            read(**arguments)
    assert asked() == []
