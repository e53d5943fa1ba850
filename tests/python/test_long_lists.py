"""Lists of more values than an address can hold: as many requests as they need, and one result."""

from __future__ import annotations

import asyncio
import threading
from urllib.parse import parse_qs, urlsplit

import pytest

import converz
from support.server import Request, Server

LONGEST = 4_096
"""What the servers here take of an address; others take more."""

COUNT = 50_000


def ids(count: int) -> list[str]:
    return [f"5a9fdc24-685d-42d9-9862-{number:012d}" for number in range(count)]


class Strict(Server):
    """Has a conversation for each id, and refuses addresses as servers do."""

    def __init__(self, parameter: str = "vendor_call_id") -> None:
        self.parameter = parameter
        self.lock = threading.Lock()
        self.at_once = self.most_at_once = 0
        super().__init__(self.answer)

    def answer(self, request: Request) -> None:
        with self.lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        if len(request.target) > LONGEST:
            request.answer(b"{}", status="414 URI Too Long")
        else:
            rows = [{"call_id": int(each[-12:]) + 1, self.parameter: each} for each in self.asked(request)]
            size = int(request.query["n_per_page"])
            request.rows(rows[(request.page - 1) * size : request.page * size])
        with self.lock:
            self.at_once -= 1

    def asked(self, request: Request) -> list[str]:
        values = parse_qs(urlsplit(request.target).query).get(self.parameter, [])
        return [each for value in values for each in value.split(",")]


@pytest.mark.parametrize("parameter", ["vendor_call_id", "rep_id"])
def test_fifty_thousand_values_are_one_result(parameter):
    with Strict(parameter) as server:
        client = converz.Client(server.url, "key", max_concurrency=3, last_page="short")
        wanted = ids(COUNT)
        table = client.calls(**{parameter: wanted})
        assert table.to_pydict()[parameter] == wanted
        assert table.receipt.rows == COUNT
        assert table.receipt.requests == len(server.requests) > 500
        assert 1 < server.most_at_once <= 3
        sent = [each for name, value in table.receipt.query if name == parameter for each in value.split(",")]
        assert sent == wanted


def test_values_that_come_twice_bring_no_row_twice():
    with Strict() as server:
        client = converz.Client(server.url, "key")
        wanted = ids(1_000)
        table = client.calls(vendor_call_id=[*wanted, *reversed(wanted)])
        assert table.to_pydict()["vendor_call_id"] == wanted


def test_a_row_that_several_parts_bring_is_kept_once():
    """As a service brings it that knows of several ids of a conversation, or of no such filter."""

    def handle(request: Request) -> None:
        request.rows([{"call_id": 1}, {"call_id": 2}] if request.page == 1 else [])

    with Server(handle) as server:
        table = converz.Client(server.url, "key").calls(vendor_call_id=ids(500))
        assert table.to_pydict()["call_id"] == [1, 2]
        assert table.receipt.rows == 2


@pytest.mark.parametrize("limit", [1, 250])
def test_a_limit_is_kept_and_ends_the_read(limit):
    with Strict() as server:
        client = converz.Client(server.url, "key", max_concurrency=2)
        table = client.calls(vendor_call_id=ids(5_000), limit=limit)
        assert table.to_pydict()["vendor_call_id"] == ids(limit)
        assert table.receipt.rows == limit
        assert len(server.requests) < 20


def test_two_long_lists_are_both_cut():
    asked: set[tuple[str, str]] = set()

    def handle(request: Request) -> None:
        assert len(request.target) <= LONGEST
        query = parse_qs(urlsplit(request.target).query)
        # What shows the columns of a result without rows names nobody.
        calls = [each for value in query.get("vendor_call_id", []) for each in value.split(",")]
        asked.update((rep, call) for rep in query.get("rep_id", []) for call in calls)
        request.rows([])

    with Server(handle) as server:
        reps = [f"rep{number:04d}" for number in range(400)]
        converz.Client(server.url, "key").calls(
            rep_id=reps, vendor_call_id=ids(150), schema={"call_id": "int64"}
        )
    assert len(asked) == 400 * 150


def test_users_and_what_is_not_long(sandbox, asked):
    reps = [f"rep{number:05d}" for number in range(2_000)]
    client = sandbox.client()
    own = client.reps(limit=3).to_pydict()["rep_id"]
    assert sorted(client.reps(rep_id=[*reps, *own]).to_pydict()["rep_id"]) == sorted(own)
    before = len(sandbox.requests)
    assert client.reps(rep_id=own).num_rows == 3
    assert len(sandbox.requests) - before == 2


def test_an_error_of_a_part_is_the_reads():
    def handle(request: Request) -> None:
        if len(server.requests) > 3:
            request.answer(b'{"error":"no","code":"no"}', status="403 Forbidden")
        else:
            request.rows([])

    with Server(handle) as server:
        with pytest.raises(converz.PermissionDeniedError):
            converz.Client(server.url, "key").calls(vendor_call_id=ids(5_000))
        assert len(server.requests) < 20


def test_it_is_the_same_in_an_event_loop_and_tells_of_progress():
    told: list[int] = []
    with Strict() as server:
        client = converz.AsyncClient(server.url, "key")
        reading = client.calls(vendor_call_id=ids(2_000), progress=lambda rows, size: told.append(rows))
        assert asyncio.run(reading).num_rows == 2_000
    assert told[-1] == 2_000
    assert told == sorted(told)


@pytest.mark.parametrize("types", ["first_page", "whole"])
def test_fifty_thousand_values_are_one_stream(types):
    with Strict() as server:
        client = converz.Client(server.url, "key", max_concurrency=3, last_page="short")
        wanted = ids(COUNT)
        with client.stream_calls(vendor_call_id=wanted, columns="vendor_call_id", types=types) as stream:
            came = [each for batch in stream for each in converz.Table(batch).to_pydict()["vendor_call_id"]]
        assert came == wanted
        receipt = stream.receipt
        assert (receipt.rows, receipt.columns) == (COUNT, ("vendor_call_id",))
        assert receipt.requests == len(server.requests) > 500
        assert receipt.end is not None
        assert 1 < server.most_at_once <= 3


def test_a_stream_asks_for_few_parts_ahead_of_whoever_takes_its_batches():
    with Strict() as server:
        client = converz.Client(server.url, "key", max_concurrency=2, last_page="short")
        with client.stream_calls(vendor_call_id=ids(20_000)) as stream:
            next(stream)
        assert len(server.requests) < 12


@pytest.mark.parametrize("limit", [1, 250])
def test_a_limit_of_a_stream_is_kept_and_ends_the_read(limit):
    with Strict() as server:
        client = converz.Client(server.url, "key", max_concurrency=2)
        with client.stream_calls(vendor_call_id=ids(5_000), limit=limit) as stream:
            assert sum(batch.num_rows for batch in stream) == limit
        assert (stream.receipt.rows, stream.receipt.end) == (limit, "limit")
        assert len(server.requests) < 20


def test_a_row_that_several_parts_of_a_stream_bring_is_kept_once():
    def handle(request: Request) -> None:
        request.rows([{"call_id": 1}, {"call_id": 2}] if request.page == 1 else [])

    with Server(handle) as server:
        client = converz.Client(server.url, "key")
        with client.stream_calls(vendor_call_id=ids(500)) as stream:
            rows = [each for batch in stream for each in converz.Table(batch).to_pydict()["call_id"]]
        assert rows == [1, 2]
        assert stream.receipt.rows == 2


def test_parts_of_several_pages_are_streamed_in_their_order(sandbox):
    client = sandbox.client(page_size=7)
    reps = sandbox.client().reps().to_pydict()["rep_id"]
    nobody = [f"nobody{number:05d}" for number in range(400)]
    asked = [*nobody[:200], *reps[:6], *nobody[200:], *reps[6:]]
    with client.stream_calls(rep_id=asked) as stream:
        rows = [each for batch in stream for each in converz.Table(batch).to_pydict()["call_id"]]
    assert sorted(rows) == sorted(sandbox.client().calls(rep_id=reps).to_pydict()["call_id"])
    assert len(rows) > 200
    with client.stream_calls(rep_id=nobody) as stream:
        assert list(stream) == []
        assert stream.schema["call_id"] == "int64"


def test_an_error_of_a_later_part_ends_a_stream():
    def handle(request: Request) -> None:
        if len(server.requests) > 6:
            request.answer(b'{"error":"no","code":"no"}', status="403 Forbidden")
        else:
            request.rows([{"call_id": len(server.requests)}] if request.page == 1 else [])

    with Server(handle) as server:
        client = converz.Client(server.url, "key", max_concurrency=2)
        with (
            client.stream_calls(vendor_call_id=ids(5_000)) as stream,
            pytest.raises(converz.PermissionDeniedError),
        ):
            list(stream)
        assert len(server.requests) < 20


def test_a_lazy_frame_asks_for_long_lists_too():
    pl = pytest.importorskip("polars")
    with Strict() as server:
        client = converz.Client(server.url, "key", last_page="short")
        wanted = ids(2_000)
        scan = client.scan_calls(vendor_call_id=wanted)
        assert scan.collect()["vendor_call_id"].to_list() == wanted
        assert scan.filter(pl.col("call_id") > 1_990).select("call_id").collect().height == 10
        assert scan.head(5).collect().height == 5
        assert all(len(request.target) <= LONGEST for request in server.requests)


def test_windows_have_long_lists_too(sandbox):
    client = sandbox.client()
    reps = client.reps().to_pydict()["rep_id"]
    asked = [*(f"nobody{number:05d}" for number in range(500)), *reps]
    days = client.windows("2025-07-10", "2025-07-15")
    expected = [table.to_pydict() for _, table in client.read_windows(days, rep_id=reps)]
    tables = [table for _, table in client.read_windows(days, rep_id=asked)]
    assert [sorted(table.to_pydict()["call_id"]) for table in tables] == [
        sorted(one["call_id"]) for one in expected
    ]
    assert [table.receipt.rows for table in tables] == [table.num_rows for table in tables]
    assert max(len(request["query"]) for request in sandbox.requests) < LONGEST


def test_a_report_by_agent_is_asked_for_in_parts(sandbox):
    client = sandbox.client()
    reps = client.reps().to_pydict()["rep_id"]
    asked = [*reps[:5], *(f"nobody{number:05d}" for number in range(1_000)), *reps[5:]]
    options = {"groupby": ["rep_id", "campaign"], "metric": "csat", "end_date": "2025-07-15"}

    def rows(table):
        return sorted(zip(*table.to_pydict().values(), strict=True), key=repr)

    report = client.report(rep_id=asked, **options)
    assert rows(report) == rows(client.report(rep_id=reps, **options))
    assert report.num_rows > 12
    assert report.receipt.rows == report.num_rows
    assert report.receipt.requests > 3
    assert max(len(request["query"]) for request in sandbox.requests) < LONGEST


def test_a_report_whose_groups_are_of_several_agents_is_asked_for_at_once(sandbox):
    """Means of parts make no mean of all."""
    asked = [f"nobody{number:05d}" for number in range(300)]
    before = len(sandbox.requests)
    sandbox.client().report(rep_id=asked, groupby="campaign", metric="csat", end_date="2025-07-15")
    queries = [request["query"] for request in sandbox.requests[before:]]
    assert all(query.count("nobody") in (0, 300) for query in queries)


def test_a_plan_finds_its_rows_by_short_addresses():
    with Strict() as server:
        client = converz.Client(server.url, "key")
        frame = {"call_id": list(range(1, 2_001)), "vendor_call_id": ids(2_000), "priority": ["high"] * 2_000}
        plan = client.plan_update_calls(frame)
        assert len(plan.changes) == 2_000
        assert all(len(request.target) <= LONGEST for request in server.requests)
        assert len(server.requests) > 20
