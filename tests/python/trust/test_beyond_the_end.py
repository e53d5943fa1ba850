"""What services answer beyond the last page ends a read; the same anywhere else is an error."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

import converz
from support.server import Request, Server

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = [
    {
        "call_id": number,
        "rep_id": f"r{number}",
        "date": "2025-07-01",
        "note": f"n{number}",
    }
    for number in range(30)
]
ERROR = b'{"error": "no such page", "code": "page"}'

BEYOND: dict[str, tuple[str, bytes]] = {
    "an empty list": ("200 OK", b"[]"),
    "404": ("404 Not Found", ERROR),
    "404 without a word": ("404 Not Found", b""),
    "410": ("410 Gone", ERROR),
    "416": ("416 Range Not Satisfiable", ERROR),
    "400": ("400 Bad Request", ERROR),
    "422": ("422 Unprocessable Entity", ERROR),
    "204": ("204 No Content", b""),
    "null": ("200 OK", b"null"),
    "nothing": ("200 OK", b""),
    "white space": ("200 OK", b" \r\n"),
    "an error with 200": ("200 OK", ERROR),
}
LAST_PAGE = "the last page once more"


def service(beyond: str, total: int = 30, failing: Callable[[Request], bool] = lambda request: False):
    """Answer like the service, but what lies beyond the end."""

    def handle(request: Request) -> None:
        size = int(request.query["n_per_page"])
        start = (request.page - 1) * size
        if failing(request):
            status, body = BEYOND[beyond]
            request.answer(body, status)
        elif start < total or request.page == 1:
            request.rows(ROWS[start : min(start + size, total)])
        elif beyond == LAST_PAGE:
            start = (total - 1) // size * size
            request.rows(ROWS[start:total])
        else:
            status, body = BEYOND[beyond]
            request.answer(body, status)

    return Server(handle)


def stream(client: converz.Client) -> list[int]:
    batches = (pa.record_batch(batch) for batch in client.stream_calls())
    return [key for batch in batches for key in batch["call_id"].to_pylist()]


def scan(client: converz.Client) -> list[int]:
    return client.scan_calls().select("call_id").collect()["call_id"].to_list()


def plan(client: converz.Client) -> list[int]:
    """All that is stored is read, so that everything is found."""
    frame = {"call_id": list(range(30)), "note": [f"n{number}" for number in range(30)]}
    made = client.plan_update_calls(frame, start_date="2025-07-01")
    assert made.num_changes == 0
    found = set(range(30)) - set(pa.table(made.not_found)["call_id"].to_pylist())
    return sorted(found)


READS: dict[str, Callable[[converz.Client], list[int]]] = {
    "calls": lambda client: client.calls().to_pydict()["call_id"],
    "reps": lambda client: [int(key[1:]) for key in client.reps().to_pydict()["rep_id"]],
    "stream": stream,
    "scan": scan,
    "plan": plan,
}


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("beyond", [*BEYOND, LAST_PAGE])
def test_it_is_the_end(beyond, read):
    for total in (1, 30):
        for page_size in (7, 10, 15, 30, 100):
            with service(beyond, total) as server:
                client = converz.Client(server.url, "key", page_size=page_size, max_retries=0)
                assert READS[read](client) == list(range(total)), page_size


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("beyond", [name for name in BEYOND if name != "an empty list"])
def test_on_the_first_page_it_is_an_error(beyond, read):
    with service(beyond, failing=lambda request: True) as server:
        client = converz.Client(server.url, "key", page_size=10, max_retries=0)
        with pytest.raises(converz.ConverzError) as caught:
            READS[read](client)
        assert isinstance(caught.value, (converz.APIStatusError, converz.DecodeError))


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("beyond", [name for name in BEYOND if name != "an empty list"])
def test_in_the_middle_it_is_an_error(beyond, read):
    """Also where the service answers so once, and in pages of whatever size."""
    for failing in (2, 3):
        for max_concurrency in (1, 4):

            def fails(request: Request, failing: int = failing) -> bool:
                return request.page == failing and request.query["n_per_page"] == "5"

            with service(beyond, failing=fails) as server:
                client = converz.Client(
                    server.url, "key", page_size=5, max_retries=0, max_concurrency=max_concurrency
                )
                with pytest.raises(converz.ConverzError) as caught:
                    READS[read](client)
                assert isinstance(caught.value, (converz.APIStatusError, converz.DecodeError))


@pytest.mark.parametrize("read", READS)
def test_an_error_with_200_is_no_end_before_rows(read):
    """The page that is to prove the end fails for a reason of its own, on a service that caps its pages at ten."""

    def handle(request: Request) -> None:
        size = min(int(request.query["n_per_page"]), 10)
        start = (request.page - 1) * size
        if request.page == 2 and size == 10:
            request.answer(b'{"error": "busy"}')
        else:
            request.rows(ROWS[start : start + size])

    with Server(handle) as server:
        client = converz.Client(server.url, "key", page_size=100, max_retries=0)
        with pytest.raises(converz.DecodeError, match="busy"):
            READS[read](client)


def test_a_body_that_is_cut_is_no_end():
    def handle(request: Request) -> None:
        if request.page == 1:
            request.rows(ROWS)
        else:
            request.begin(b"null" if request.page == 2 else b"", length=40)
            request.cut()

    with Server(handle) as server:
        client = converz.Client(server.url, "key", max_retries=0)
        with pytest.raises(converz.APIConnectionError):
            client.calls()


@pytest.mark.parametrize("way", ["table", "stream", "scan"])
@pytest.mark.parametrize("page_size", [1, 3, 7, 10, 20, 30, 100])
def test_one_warning_says_that_a_key_does_not_identify_rows(way, page_size):
    rows = [{"call_id": number // 3, "turn": number} for number in range(40)]
    with Server(lambda request: page(request, rows)) as server:
        client = converz.Client(server.url, "key", page_size=page_size)
        assert turns(client, way) == list(range(40))


@pytest.mark.parametrize("way", ["table", "stream"])
def test_rows_that_were_left_out_come_when_the_key_turns_out_not_to_identify_them(way):
    rows = [
        {"call_id": key, "turn": turn}
        for turn, key in enumerate([*range(20), *range(10, 30), *range(30, 49), 30])
    ]
    with Server(lambda request: page(request, rows)) as server:
        client = converz.Client(server.url, "key", page_size=20)
        found = turns(client, way)
        assert sorted(found) == list(range(60))
        assert way == "stream" or found == list(range(60))


def page(request: Request, rows: list[dict[str, object]]) -> None:
    size = int(request.query["n_per_page"])
    start = (request.page - 1) * size
    request.answer(json.dumps(rows[start : start + size]).encode())


def turns(client: converz.Client, way: str) -> list[int]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if way == "table":
            table = client.calls()
            assert table.receipt.repeated_keys == 0
            found = table.to_pydict()["turn"]
        elif way == "stream":
            opened = client.stream_calls()
            found = pa.table(opened)["turn"].to_pylist()
            assert opened.receipt.repeated_keys == 0
        else:
            found = client.scan_calls().select("turn").collect()["turn"].to_list()
    told = [str(warning.message) for warning in caught]
    # A scan reads twice, a first page for the types and then what is collected, and either may say it.
    assert len(told) == 1 or (way == "scan" and len(told) == 2 and len(set(told)) == 1), told
    assert told[0].startswith("call_id does not tell rows apart"), told
    return found
