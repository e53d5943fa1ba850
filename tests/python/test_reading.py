"""Reading: every row by default, no more requests than needed, and a receipt that says what was done."""

from __future__ import annotations

import pytest

import converz


def test_every_row_of_many_pages(sandbox, pages):
    calls = sandbox.client(page_size=7).calls()
    assert calls.to_pydict()["call_id"] == list(range(1, 301))
    # 300 rows are 42 full pages and a short one, after which only what was in flight already is asked for.
    assert pages()[:43] == [(page, 7) for page in range(1, 44)]
    assert len(pages()) <= 43 + 8


def test_every_row_of_one_page(sandbox, client, pages):
    calls = client.calls()
    assert (calls.num_rows, calls.receipt.end) == (300, "empty")
    # 300 could be a cap of the service, as any number could.
    assert pages() == [(1, 100_000), (2, 300)]


def test_a_short_page_is_proven_to_be_the_last_unless_it_is_trusted(sandbox, client, pages):
    ids = client.reps(limit=3).to_pydict()["rep_id"]
    assert client.reps(rep_id=ids).num_rows == 3
    # Every request so far, by page: that of the limit, and two of which the second is empty.
    assert pages() == [(1, 3), (1, 100_000), (2, 3)]

    before = len(pages())
    trusting = sandbox.client(last_page="short").reps(rep_id=ids)
    assert (trusting.num_rows, trusting.receipt.end, len(pages()) - before) == (3, "short", 1)


def test_the_receipt_says_how_the_end_is_known(sandbox, client):
    assert client.calls(limit=10).receipt.end == "limit"
    assert client.report(groupby="campaign", days=30).receipt.end == "whole"
    with client.stream_calls(columns=["call_id"]) as stream:
        assert sum(batch.num_rows for batch in stream) == 300
    assert stream.receipt.end == "empty"
    # Full pages only: the empty one is what ends it, trusted or not.
    assert sandbox.client(last_page="short", page_size=100).calls().receipt.end == "empty"


def test_reps_of_many_pages(sandbox, pages):
    reps = sandbox.client(page_size=5).reps()
    assert len(set(reps.to_pydict()["rep_id"])) == 12
    assert pages()[:3] == [(1, 5), (2, 5), (3, 5)]


def test_the_result_is_the_same_for_every_page_size(sandbox):
    whole = sandbox.client().calls(metric=["csat", "talk_ratio", "resolved"])
    for page_size, concurrency in ((1, 16), (10, 1), (64, 3), (100, 4), (299, 4), (300, 4), (301, 4)):
        client = sandbox.client(page_size=page_size, max_concurrency=concurrency)
        assert client.calls(metric=["csat", "talk_ratio", "resolved"]) == whole


@pytest.mark.parametrize(
    ("limit", "page_size", "asked"),
    [
        (0, 100, []),
        (1, 100, [(1, 1)]),
        (99, 100, [(1, 99)]),
        (100, 100, [(1, 100)]),
        (101, 100, [(1, 100), (2, 100)]),
        (200, 100, [(1, 100), (2, 100)]),
        (250, 100, [(1, 100), (2, 100), (3, 100)]),
        (3, 1, [(1, 1), (2, 1), (3, 1)]),
    ],
)
def test_a_limit_asks_for_no_more_than_it_needs(sandbox, pages, limit, page_size, asked):
    calls = sandbox.client(page_size=page_size).calls(limit=limit)
    assert calls.to_pydict()["call_id"] == list(range(1, limit + 1))
    assert pages() == asked


def test_a_limit_beyond_the_end(client):
    assert client.calls(limit=1_000_000).num_rows == 300
    assert client.reps(limit=13).num_rows == 12


def test_filters_are_obeyed(client):
    calls = client.calls(campaign=["sales", "service"], start_date="2025-07-01", end_date="2025-07-07")
    values = calls.to_pydict()
    assert set(values["campaign"]) == {"sales", "service"}
    assert {str(day) for day in values["date"]} <= {f"2025-07-0{day}" for day in range(1, 8)}
    everything = client.calls().to_pydict()
    expected = [
        call_id
        for call_id, campaign, day in zip(
            everything["call_id"], everything["campaign"], everything["date"], strict=True
        )
        if campaign in {"sales", "service"} and "2025-07-01" <= str(day) <= "2025-07-07"
    ]
    assert values["call_id"] == expected


def test_columns_without_the_key(client, asked):
    calls = client.calls(columns=["campaign", "duration_s"])
    assert calls.column_names == ["campaign", "duration_s"]
    assert calls.num_rows == 300
    # The key is asked for, so that repeated rows can be told, and dropped.
    assert asked()[0] == [("columns", "campaign,duration_s,call_id")]


def test_a_report_is_one_request(sandbox, client):
    report = client.report(groupby=["date", "rep_id"], start_date="2025-06-16")
    assert report.num_rows > 100
    assert sum(report.to_pydict()["conversations"]) == 300
    assert len(sandbox.requests) == 1
    assert "page" not in sandbox.requests[0]["query"]
    assert report.receipt.requests == report.receipt.pages == 1


def test_a_limit_of_nothing_is_an_empty_typed_table(sandbox, client):
    for table in (client.calls(limit=0), client.reps(limit=0)):
        assert table.num_rows == 0
        assert table.num_columns > 0
        assert table.receipt.requests == 0
    assert sandbox.requests == []


def test_pinned_columns(client):
    calls = client.calls(schema={"duration_s": "float64", "call_id": "string"}, limit=5)
    assert calls.schema["duration_s"] == "float64"
    assert calls.to_pydict()["call_id"] == ["1", "2", "3", "4", "5"]
    assert client.calls(schema=calls.schema, limit=5) == calls


def test_dates_stay_strings_where_nobody_wants_them(client):
    reps = client.reps(parse_dates=False)
    assert reps.schema["hired_on"] == "string"
    assert client.reps().schema["hired_on"] == "date32"
    # Known columns have their type whatever is wanted.
    assert client.calls(parse_dates=False, limit=5).schema["start_time"] == "timestamp[us]"


def test_the_receipt(sandbox):
    calls = sandbox.client(page_size=100).calls(
        campaign=["sales", "service"], rep_id=sandbox.client().reps().to_pydict()["rep_id"]
    )
    receipt = calls.receipt
    sent = [
        request
        for request in sandbox.requests
        if "page=" in request["query"] and "campaign" in request["query"]
    ]
    assert receipt.requests == receipt.pages == len(sent)
    assert receipt.retries == receipt.repeated_keys == 0
    assert receipt.rows == calls.num_rows
    assert receipt.columns == tuple(calls.column_names)
    assert 0 < receipt.bytes_received <= receipt.bytes_decoded
    assert 0 < receipt.seconds < 60
    assert ("campaign", "sales") in receipt.query
    assert ("campaign", "service") in receipt.query
    assert "page" not in dict(receipt.query)


def test_the_receipt_counts_retries(sandbox):
    faults = [converz.Fault(operation="calls", request=[1, 2], status=503, retry_after=0)]
    with converz.Sandbox(calls=50, reps=5, faults=faults) as flaky:
        calls = flaky.client().calls(limit=45)
    assert calls.num_rows == 45
    assert calls.receipt.retries == 2
    assert calls.receipt.requests == 3
    assert calls.receipt.pages == 1


def test_capped_pages_lose_nothing():
    with converz.Sandbox(calls=950, reps=5, faults=[converz.Fault(cap=100)]) as capped:
        calls = capped.client(page_size=1000).calls()
    assert calls.to_pydict()["call_id"] == list(range(1, 951))


def test_progress_is_told(client):
    told = []
    calls = client.calls(progress=lambda rows, size: told.append((rows, size)))
    assert told[-1] == (300, calls.receipt.bytes_decoded) or told[-1] == (300, calls.receipt.bytes_received)
    assert told == sorted(told)


def test_an_error_of_progress_stops_the_read(client):
    def progress(rows, size):
        message = "mine"
        raise LookupError(message)

    with pytest.raises(LookupError, match="mine"):
        client.calls(progress=progress)
