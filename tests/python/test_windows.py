"""`windows` and `read_windows`: days as tables, in order, a bounded number at once, every row or an error."""

from __future__ import annotations

import asyncio
import json
import pickle
import threading
from datetime import date

import pytest

import converz
from support.service import Answer, serving


@pytest.fixture(scope="module")
def centre():
    with converz.Sandbox(calls=2_000, reps=10, days=30, today="2025-07-15") as sandbox:
        yield sandbox


def test_windows_are_days_newest_first():
    client = converz.Client("http://127.0.0.1:9", api_key="k")
    windows = client.windows("2024-02-28", date(2024, 3, 1))
    assert [day.start_date for day in windows] == [date(2024, 3, 1), date(2024, 2, 29), date(2024, 2, 28)]
    assert all(day.start_date == day.end_date for day in windows)
    assert pickle.loads(pickle.dumps(windows)) == windows
    assert windows[0].arguments == {"start_date": date(2024, 3, 1), "end_date": date(2024, 3, 1)}
    part = converz.Window(date(2024, 3, 1), date(2024, 3, 1), "2024-03-01 12:00", "2024-03-01 13:00")
    assert part.arguments["after"] == "2024-03-01 12:00"
    assert part.arguments["before"] == "2024-03-01 13:00"
    assert len(client.windows(date.today())) in {1, 2}
    with pytest.raises(converz.InvalidInputError, match="until=2024-01-01 is before since=2024-01-02"):
        client.windows("2024-01-02", "2024-01-01")
    with pytest.raises(converz.InvalidInputError, match="since="):
        client.windows("2024-02-30")
    with pytest.raises(converz.InvalidInputError, match=r"windows\[0\]=5 is not a converz.Window"):
        client.read_windows([5])
    with pytest.raises(converz.InvalidInputError, match="metric"):
        client.read_windows(windows, metric=5)


@pytest.mark.parametrize("concurrency", [1, 4])
def test_windows_together_are_the_whole(centre, concurrency):
    client = centre.client(max_concurrency=concurrency)
    windows = client.windows("2025-06-10", "2025-07-20")
    filters = {"campaign": ["sales", "service"], "metric": "csat"}
    read = list(client.read_windows(windows, **filters))
    assert [window for window, _ in read] == windows
    for window, table in read:
        alone = client.calls(**window.arguments, **filters)
        assert table.digest() == alone.digest()
        assert set(table.to_pydict().get("date", [])) <= {window.start_date}
    assert sum(table.num_rows for _, table in read) == client.calls(**filters).num_rows
    assert all(table.receipt.rows == table.num_rows for _, table in read)


def test_a_window_is_asked_for_in_one_page_of_the_largest_size():
    with converz.Sandbox(calls=500, days=5, today="2025-07-15") as sandbox:
        client = sandbox.client(page_size=10)
        list(client.read_windows(client.windows("2025-07-15", "2025-07-15")))
        queries = [dict(pair.split("=") for pair in each["query"].split("&")) for each in sandbox.requests]
    assert queries[0]["n_per_page"] == "1000000"
    assert queries[0]["start_date"] == queries[0]["end_date"] == "2025-07-15"
    # The second proves the end.
    assert len(queries) == 2


class Held:
    """A service that answers for the newest day only when it is told to."""

    def __init__(self):
        self.go = threading.Event()
        self.days = []

    def __call__(self, asked):
        day = asked.query["start_date"]
        if asked.query["page"] != "1":
            return Answer(b"[]")
        self.days.append(day)
        if day == "2025-07-15":
            self.go.wait(30)
        if day == "2025-07-13":
            return Answer(b'{"error": "broken", "code": "broken"}', 400)
        return Answer(json.dumps([{"call_id": int(day[-2:]), "date": day}]).encode())


def test_no_more_windows_are_read_ahead_than_are_allowed():
    held = Held()
    with serving(held) as url:
        client = converz.Client(url, api_key="k", max_concurrency=2)
        days = client.windows("2025-06-15", "2025-07-15")
        reads = client.read_windows(days)
        assert held.days == []
        threading.Timer(0.3, held.go.set).start()
        window, table = next(reads)
        assert (window, table.to_pydict()["call_id"]) == (days[0], [15])
        # Two at once, and the next one when a place was free.
        assert set(held.days) <= {"2025-07-15", "2025-07-14", "2025-07-13"}
        assert next(reads)[1].to_pydict()["call_id"] == [14]
        # An error comes when its turn does, and is the end.
        with pytest.raises(converz.BadRequestError, match="broken"):
            next(reads)
        assert next(reads, None) is None
        assert len(held.days) <= 4


def test_closing_ends_what_is_in_flight():
    held = Held()
    with serving(held) as url:
        client = converz.Client(url, api_key="k", max_concurrency=2)
        reads = client.read_windows(client.windows("2025-07-14", "2025-07-16"))
        next(reads)
        reads.close()
        assert next(reads, None) is None
        held.go.set()
        # Its places are free again.
        assert client.calls(start_date="2025-07-14", end_date="2025-07-14").num_rows == 1


RANGE = {"start_date": "2025-06-16", "end_date": "2025-07-15"}


@pytest.mark.parametrize("types", ["first_page", "whole"])
@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_stream_by_day_has_the_rows_of_the_table(centre, types, concurrency):
    client = centre.client(max_concurrency=concurrency)
    filters = {"campaign": ["sales", "service"], "metric": "csat"}
    whole = client.calls(**RANGE, **filters)
    before = len(centre.requests)
    with client.stream_calls(**RANGE, **filters, types=types, by_day=True) as stream:
        read = converz.Table(stream)
        receipt = stream.receipt
    assert read.digest() == whole.digest()
    assert read.schema == whole.schema
    days = read.to_pydict()["date"]
    assert days == sorted(days, reverse=True)
    assert len(set(days)) == 30
    assert receipt.rows == read.num_rows
    assert receipt.requests == len(centre.requests) - before == 60
    assert receipt.end == "empty"
    assert receipt.query[:2] == (("start_date", "2025-06-16"), ("end_date", "2025-07-15"))
    for asked in centre.requests[before:]:
        query = dict(pair.split("=", 1) for pair in asked["query"].split("&"))
        assert query["start_date"] == query["end_date"]
        assert query["page"] != "1" or query["n_per_page"] == "1000000"


def test_a_stream_by_day_with_a_limit_asks_for_no_more_days(centre):
    client = centre.client(max_concurrency=1)
    before = len(centre.requests)
    with client.stream_calls(**RANGE, limit=100, by_day=True) as stream:
        read = converz.Table(stream)
        assert (stream.receipt.rows, stream.receipt.end) == (100, "limit")
    newest = client.calls(start_date="2025-07-14", end_date="2025-07-15").num_rows
    assert newest > 100 == read.num_rows
    assert len({each["query"].partition("n_per_page")[0] for each in centre.requests[before:]}) <= 5


def test_a_stream_by_day_drops_the_key_that_it_asked_for(centre):
    with centre.client().stream_calls(**RANGE, columns="campaign", by_day=True) as stream:
        read = converz.Table(stream)
        assert stream.receipt.columns == ("campaign",)
    assert read.column_names == ["campaign"]
    assert read.num_rows == 2_000


@pytest.mark.parametrize("types", ["first_page", "whole"])
def test_a_stream_by_day_without_rows_has_the_columns_of_the_table(centre, types):
    client = centre.client()
    empty = {"start_date": "2020-01-01", "end_date": "2020-01-03"}
    with client.stream_calls(**empty, types=types, by_day=True) as stream:
        assert list(stream.schema) == client.calls(**empty).column_names
        assert converz.Table(stream).num_rows == 0


def answering(days):
    def answer(asked):
        return Answer(
            json.dumps(days.get(asked.query["start_date"], []) if asked.query["page"] == "1" else []).encode()
        )

    return answer


def test_what_does_not_fit_names_the_day():
    days = {
        "2025-07-15": [],
        "2025-07-14": [{"call_id": 1, "mood": 1}],
        "2025-07-13": [{"call_id": 2, "mood": 2}],
        "2025-07-12": [{"call_id": 3, "mood": "good"}],
    }
    week = {"start_date": "2025-07-12", "end_date": "2025-07-15"}
    with serving(answering(days)) as url:
        client = converz.Client(url, api_key="k")
        stream = client.stream_calls(**week, by_day=True)
        assert stream.schema["mood"] == "int64"
        assert [next(stream).num_rows, next(stream).num_rows] == [1, 1]
        with pytest.raises(converz.SchemaDriftError, match="on 2025-07-12"):
            next(stream)
        with client.stream_calls(**week, types="whole", by_day=True) as whole:
            assert converz.Table(whole).to_pydict() == {"call_id": [1, 2, 3], "mood": ["1", "2", "good"]}


def test_a_day_that_fails_ends_a_stream_by_day():
    days = {"2025-07-15": [{"call_id": 1}], "2025-07-14": "x"}
    with serving(answering(days)) as url:
        client = converz.Client(url, api_key="k", max_retries=0)
        stream = client.stream_calls(start_date="2025-07-14", end_date="2025-07-15", by_day=True)
        assert next(stream).num_rows == 1
        with pytest.raises(converz.DecodeError):
            next(stream)


def test_a_stream_by_day_reads_a_bounded_number_of_days_ahead():
    asked_for = set()
    enough = threading.Event()

    def answer(asked):
        asked_for.add(asked.query["start_date"])
        if len(asked_for) >= 2 + 2 + 1:
            enough.set()
        return Answer(b'[{"call_id": 1}]' if asked.query["page"] == "1" else b"[]")

    with serving(answer) as url:
        client = converz.Client(url, api_key="k", max_concurrency=2)
        with client.stream_calls(start_date="2025-01-01", end_date="2025-06-30", by_day=True) as stream:
            next(stream)
            # One that is used, two that wait, two in flight, and one that waits for its place.
            assert enough.wait(10)
            threading.Event().wait(0.3)
            assert len(asked_for) <= 7
            rest = sum(batch.num_rows for batch in stream)
    assert rest == 180
    assert len(asked_for) == 181


def test_a_stream_by_day_needs_a_first_day(centre):
    client = centre.client()
    for arguments, message in (
        ({"end_date": "2025-07-15"}, "by_day=True needs to know the first day"),
        ({"start_date": "2025-07-15", "by_day": "yes"}, "by_day='yes' is not True or False"),
        ({"start_date": "2025-07-16", "end_date": "2025-07-15"}, "2025-07-16"),
    ):
        with pytest.raises(converz.InvalidInputError, match=message):
            client.stream_calls(**({"by_day": True} | arguments))


def test_a_stream_by_day_in_an_event_loop(centre):
    async def read():
        async with centre.async_client() as client:
            return sum([batch.num_rows async for batch in client.stream_calls(**RANGE, by_day=True)])

    assert asyncio.run(read()) == 2_000
