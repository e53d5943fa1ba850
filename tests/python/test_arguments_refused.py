"""Arguments that are refused: by name, with the value and what is allowed, and with nothing sent."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pytest

import converz
from support.case_names import named

NO_DATES = [
    "2025-02-29",
    "2025-7-1",
    "20250701",
    "01-07-2025",
    "2025-07-01 12:00",
    "yesterday",
    "",
    " 2025-07-01",
    b"2025-07-01",
    20250701,
    1.5,
    True,
    np.datetime64("NaT"),
    datetime(2025, 7, 1, 22, 30, tzinfo=UTC),
    pd.Timestamp("2025-07-01", tz="Europe/Amsterdam"),
    pd.NaT,
    pd.Period("2025-07"),
    timedelta(days=1),
    ["2025-07-01"],
    object,
]

NO_TIMES = [
    "2025-07-01 25:00",
    "2025-07-01 12:00:60",
    "2025-07-01 12:00Z",
    "2025-07-01T12:00:00+02:00",
    "12:00",
    "",
    pd.NaT,
    np.datetime64("NaT"),
    np.datetime64(2**40, "D"),
    datetime(2025, 7, 1, 12, tzinfo=UTC),
    pd.Timestamp("2025-07-01 12:00", tz="Europe/Amsterdam"),
    1751371200,
    ("2025-07-01",),
]

NO_STRINGS = [
    (5, "5"),
    (1.5, "1.5"),
    (True, "True"),
    (b"sales", "b'sales'"),
    (bytearray(b"sales"), "bytearray"),
    ({"sales": 1}, "{'sales': 1}"),
    (["sales", 5], "5 at position 1"),
    (["sales", None], "None at position 1"),
    ([b"sales"], "b'sales' at position 0"),
    ([["sales"]], "['sales'] at position 0"),
    # pandas 3 makes a NaN of it.
    (pd.Series(["sales", None]), f"{pd.Series(['sales', None])[1]} at position 1"),
    (pl.Series(["sales", None]), "None at position 1"),
    (np.array([1, 2]), "1"),
    (object(), "<object object"),
    (pd.DataFrame({"sales": ["sales"]}), "a string or a sequence of strings"),
    (pl.DataFrame({"sales": ["sales"]}), "a string or a sequence of strings"),
    (pl.LazyFrame({"sales": ["sales"]}), "a string or a sequence of strings"),
    ("\ud800", r"'\ud800'"),
    ([], "[]"),
    ((), "[]"),
    (set(), "[]"),
    (iter([]), "[]"),
    ("", "empty string"),
    (" ", "empty string"),
    (["sales", ""], "empty string (at position 1)"),
]

NO_LIMITS = [-1, 1.0, 1.5, "5", True, 2**64, [1], np.float64(1)]
NO_DAYS = [0, -1, 1.0, "7", True, 2**40, 2**70, np.float64(7), timedelta(days=7)]
NO_ACTIVE = [2, -1, "1", 1.0, "yes", [True]]

LISTS = ["metric", "rep_id", "vendor", "campaign", "subcampaign", "department", "vendor_call_id", "columns"]


@pytest.fixture(scope="module")
def sandbox():
    """One for all tests here: none of them may send anything."""
    with converz.Sandbox(calls=1, reps=1) as sandbox:
        yield sandbox


@pytest.fixture
def refused(sandbox):
    """Call, expect `InvalidInputError` about the argument, and that nothing was sent. Returns the message."""

    def refused(function, name, value, *parts):
        with pytest.raises(converz.InvalidInputError) as caught:
            function(**{name: value})
        message = str(caught.value)
        assert message.startswith(name), message
        for part in parts:
            assert part in message, message
        assert isinstance(caught.value, ValueError)
        assert sandbox.requests == []
        return message

    return refused


@pytest.mark.parametrize("value", NO_DATES, ids=repr)
@pytest.mark.parametrize("name", ["start_date", "end_date"])
def test_dates(client, refused, name, value):
    shown = f'"{value}"' if isinstance(value, str) else repr(value)
    for verb in (client.calls, client.report, client.stream_calls):
        refused(verb, name, value, shown, "2025-07-15")


@pytest.mark.parametrize("value", NO_TIMES, ids=repr)
@pytest.mark.parametrize("name", ["after", "before"])
def test_times(client, refused, name, value):
    for verb in (client.calls, client.stream_calls):
        message = refused(verb, name, value)
        assert "2025-07-15 12:00" in message or "without a zone" in message


@pytest.mark.parametrize(("value", "shown"), NO_STRINGS, ids=named)
@pytest.mark.parametrize("name", LISTS)
def test_lists(client, refused, name, value, shown):
    if hasattr(value, "__next__"):
        value = iter([])  # One that an earlier case has used up would not be a case.
    message = refused(client.calls, name, value, shown)
    assert any(word in message for word in ("string", "restriction", "surrogate")), message
    refused(client.calls, name, io.StringIO("sales"), "a string or a sequence of strings")


@pytest.mark.parametrize(
    "name", ["vendor", "rep_id", "campaign", "department", "subcampaign", "metric", "groupby"]
)
def test_lists_of_report(client, refused, name):
    refused(client.report, name, 5, "5 is not a string or a sequence of strings")
    refused(client.report, name, [], "names no value")


@pytest.mark.parametrize("name", ["department", "rep_id"])
def test_lists_of_reps(client, refused, name):
    refused(client.reps, name, 5, "5 is not a string or a sequence of strings")
    refused(client.stream_reps, name, [], "names no value")


@pytest.mark.parametrize("name", ["metric", "vendor_call_id", "columns"])
@pytest.mark.parametrize("value", ["a,b", ["c", "a,b"]])
def test_commas_where_they_separate(client, refused, name, value):
    refused(client.calls, name, value, '"a,b"', "list")


@pytest.mark.parametrize("name", ["metric", "groupby"])
def test_commas_in_a_report(client, refused, name):
    refused(client.report, name, "a,b", '"a,b"', "list")


@pytest.mark.parametrize("value", NO_LIMITS, ids=repr)
def test_limits(client, refused, value):
    for verb in (client.calls, client.reps, client.stream_calls, client.stream_reps):
        refused(verb, "limit", value, repr(value), "number of rows from 0")


@pytest.mark.parametrize("value", NO_DAYS, ids=repr)
def test_days(client, refused, value):
    refused(client.report, "days", value, repr(value), "number")


@pytest.mark.parametrize("value", NO_ACTIVE, ids=repr)
def test_active(client, refused, value):
    for verb in (client.reps, client.stream_reps):
        refused(verb, "active", value, repr(value), "True, False, 1 or 0")


@pytest.mark.parametrize("value", ["yes", 1, 2, [True]], ids=repr)
def test_parse_dates(client, refused, value):
    for verb in (client.calls, client.reps, client.report, client.stream_calls, client.stream_reps):
        refused(verb, "parse_dates", value, repr(value), "True or False")


@pytest.mark.parametrize("value", ["yes", 5, [True]], ids=repr)
def test_progress(client, refused, value):
    for verb in (client.calls, client.reps, client.stream_calls, client.stream_reps):
        refused(verb, "progress", value, repr(value), "True, False, None or a function")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (5, "5"),
        ("csat", "'csat'"),
        ([("csat", "int64")], "[('csat', 'int64')]"),
        ({"csat": "number"}, '"csat"]="number"'),
        ({"csat": int}, "csat"),
        ({5: "int64"}, "5"),
        ({"csat": "timestamp[h]"}, "timestamp[h]"),
    ],
    ids=repr,
)
def test_schema(client, refused, value, shown):
    for verb in (client.calls, client.reps, client.report, client.stream_calls):
        refused(verb, "schema", value, shown)


@pytest.mark.parametrize("value", ["warn", True, 1, None], ids=repr)
def test_on_new_column(client, refused, value):
    for verb in (client.stream_calls, client.stream_reps):
        refused(verb, "on_new_column", value, "error", "ignore")


def test_days_with_both_dates(sandbox, client):
    with pytest.raises(converz.InvalidInputError, match="days=7 cannot be combined with both start_date and"):
        client.report(days=7, start_date="2025-07-01", end_date="2025-07-08")
    assert sandbox.requests == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start_date": "2025-07-02", "end_date": "2025-07-01"}, "end_date=2025-07-01 is before start_date="),
        (
            {"after": "2025-07-02", "before": "2025-07-01 23:59"},
            "before=2025-07-01 23:59:00 is before after=",
        ),
    ],
)
def test_an_end_before_its_start(sandbox, client, arguments, message):
    with pytest.raises(converz.InvalidInputError, match=message):
        client.calls(**arguments)
    assert sandbox.requests == []


@pytest.mark.parametrize("verb", ["calls", "reps", "report", "stream_calls", "stream_reps"])
def test_unknown_names_and_positions(sandbox, client, verb):
    for wrong in ({"n_per_page": 5}, {"campaigns": "sales"}, {"self": 1}):
        with pytest.raises(TypeError, match=f"{verb}|self"):
            getattr(client, verb)(**wrong)
    with pytest.raises(TypeError, match="positional"):
        getattr(client, verb)("2025-07-01")
    assert sandbox.requests == []


def test_an_error_of_the_users_own_iterator_is_passed_on(sandbox, client):
    def names():
        yield "sales"
        message = "mine"
        raise LookupError(message)

    with pytest.raises(LookupError, match="mine"):
        client.calls(campaign=names())
    assert sandbox.requests == []


def test_values_are_shortened(client):
    with pytest.raises(converz.InvalidInputError) as caught:
        client.calls(campaign=[object] * 1000, rep_id=5)
    assert len(str(caught.value)) < 300
    for name in ("start_date", "after", "columns"):
        with pytest.raises(converz.InvalidInputError) as caught:
            client.calls(**{name: "9," * 10_000})
        assert len(str(caught.value)) < 300


def test_an_operation_that_is_none_is_refused_and_not_taken_for_another(client):
    query = {}
    for operation in ("call", "", "update_calls ", None, 1):
        with pytest.raises(converz.InvalidInputError, match='operation=.* is not "calls", "reps", "report"'):
            client._core.read(operation, query, 0, None, True, None)
        with pytest.raises(converz.InvalidInputError, match="operation="):
            client._core.stream(operation, query, None, None, True, "first_page", "error", False, None)
    frame = converz.Table(pl.DataFrame({"call_id": [1], "a": ["x"]}))._core
    with pytest.raises(converz.InvalidInputError, match="operation="):
        client._core.dry_run("update", frame, "keep", None)


def test_what_python_said_is_the_cause(client):
    with pytest.raises(converz.InvalidInputError, match="lone surrogate") as caught:
        client.calls(campaign="\ud800")
    assert isinstance(caught.value.__cause__, UnicodeEncodeError)
