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
