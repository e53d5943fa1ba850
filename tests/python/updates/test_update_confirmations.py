"""An update is confirmed by its answer: what a page in between, an error or a part would say leaves rows in doubt."""

import gzip
import json
import pickle

import pytest

import converz
from support.server import Request, Server

ROWS = 30
NOTE = "n" * 300
"""So long that three requests carry the frame."""

DOUBTFUL = {
    "sign-in page": ("200 OK", "text/html", b"<!doctype html><title>Sign in</title>", converz.DecodeError),
    "page that says it is JSON": ("200 OK", "application/json", b"\n<html>", converz.DecodeError),
    "error object": ("200 OK", "application/json", b'{"error": "maintenance"}', converz.DecodeError),
    "error beside half a character": (
        "200 OK",
        "application/json",
        b'{"error": "down", "\\ud800": 1}',
        converz.DecodeError,
    ),
    "errors of rows": ("201 Created", "application/json", b'{"errors": [{"row": 3}]}', converz.DecodeError),
    "no row": ("200 OK", "application/json", b'{"updated": 0}', converz.DecodeError),
    "false": ("200 OK", "application/json", b"false", converz.DecodeError),
    "plain words": ("200 OK", "text/plain", b"Service Unavailable", converz.DecodeError),
    "accepted": ("202 Accepted", "application/json", b"", converz.APIStatusError),
    "a part": ("206 Partial Content", "application/json", b"{}", converz.APIStatusError),
    "many statuses": ("207 Multi-Status", "application/json", b'{"updated": 10}', converz.APIStatusError),
}


def frame(form: str) -> tuple[object, str]:
    """Return a frame that goes out columnar or row by row, and how nulls are to be taken."""
    notes = [NOTE] * ROWS
    if form == "row-wise":
        notes[0] = None
    return {"call_id": list(range(ROWS)), "note": notes}, "clear" if form == "row-wise" else "keep"


def rows_of(body: bytes) -> int:
    data = json.loads(body)
    return len(data) if isinstance(data, list) else len(data["call_id"])


def failed_second(answer, form="columnar", **settings):
    """Send a frame in three requests, the second of which is answered so; return the error and the requests' rows."""
    sizes = []

    def handle(request: Request) -> None:
        sizes.append(rows_of(request.body))
        assert (request.body[:1] == b"[") == (form == "row-wise")
        if len(sizes) == 1:
            request.rows({"updated": sizes[0]})
        else:
            answer(request)

    with Server(handle) as server:
        client = converz.Client(server.url, "key", max_update_bytes=4096, **{"max_retries": 0} | settings)
        data, nulls = frame(form)
        with pytest.raises(converz.UpdateError) as caught:
            client.update_calls(data, nulls=nulls)
    return caught.value, sizes


def assert_second_in_doubt(error: converz.UpdateError, sizes: list[int]) -> None:
    first, second = sizes[:2]
    assert first + second < ROWS
    assert error.committed == [(0, first)]
    assert error.in_doubt == [(first, first + second)]
    assert error.unsent == [(first + second, ROWS)]
    assert error.remaining.to_pydict()["call_id"] == list(range(first, ROWS))
    copied = pickle.loads(pickle.dumps(error))
    assert (copied.committed, copied.in_doubt, copied.unsent) == (
        error.committed,
        error.in_doubt,
        error.unsent,
    )
    assert copied.remaining == error.remaining
    assert f"of {ROWS} rows {first} are committed, {second} in doubt" in str(error)


@pytest.mark.parametrize("form", ["columnar", "row-wise"])
@pytest.mark.parametrize("name", DOUBTFUL)
def test_an_answer_that_does_not_confirm_leaves_its_rows_in_doubt(name, form):
    status, content_type, body, cause = DOUBTFUL[name]
    error, sizes = failed_second(
        lambda request: request.answer(body, status, content_type), form, max_retries=3
    )
    assert_second_in_doubt(error, sizes)
    # It would be the same again.
    assert len(sizes) == 2
    assert type(error.__cause__) is cause
    if cause is converz.APIStatusError:
        assert error.__cause__.status_code == int(status[:3])


@pytest.mark.parametrize("form", ["columnar", "row-wise"])
def test_fewer_rows_than_were_sent_are_no_confirmation(form):
    error, sizes = failed_second(lambda request: request.rows({"updated": rows_of(request.body) - 1}), form)
    assert_second_in_doubt(error, sizes)
    assert f"{sizes[1] - 1} of {sizes[1]} rows were updated" in str(error)


@pytest.mark.parametrize("form", ["columnar", "row-wise"])
@pytest.mark.parametrize("cut", ["length", "chunks", "gzip", "json", "head"])
def test_an_answer_that_is_cut_is_asked_for_again_and_then_in_doubt(cut, form):
    packed = gzip.compress(b'{"updated": 100}')

    def answer(request: Request) -> None:
        if cut == "length":
            request.begin(b'{"updated": 100}', 17)
        elif cut == "chunks":
            request.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n")
        elif cut == "gzip":
            head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
            request.send(head % (len(packed) - 4) + packed[:-4])
        elif cut == "json":
            request.answer(b'{"updated": 10')
        else:
            request.send(b"HTTP/1.1 200 OK\r\nContent-")
        request.cut()

    error, sizes = failed_second(answer, form, max_retries=1)
    assert_second_in_doubt(error, sizes)
    assert len(sizes) == 3
    assert isinstance(error.__cause__, converz.APIConnectionError)


def test_a_redirect_is_no_confirmation():
    error, sizes = failed_second(lambda request: request.answer(b"", "302 Found", Location="/login"))
    assert_second_in_doubt(error, sizes)
    assert isinstance(error.__cause__, converz.RedirectError)


@pytest.mark.parametrize(
    ("status", "body", "content_type"),
    [
        ("200 OK", b"", "text/html"),
        ("200 OK", b"{}", "application/json"),
        ("200 OK", b'{"whatever": [1, 2]}', "application/json"),
        ("200 OK", b'{"updated": 1000}', "text/html"),
        ("200 OK", b"null", "application/json"),
        ("200 OK", b"OK", "text/plain"),
        ("201 Created", b'[{"call_id": 1}]', "application/json"),
        ("204 No Content", b"", None),
    ],
)
def test_a_success_that_says_nothing_against_it_confirms(status, body, content_type):
    with Server(lambda request: request.answer(body, status, content_type)) as server:
        client = converz.Client(server.url, "key", max_update_bytes=4096, max_retries=0)
        assert client.update_calls(frame("columnar")[0]).rows == ROWS


@pytest.mark.parametrize("form", ["columnar", "row-wise"])
@pytest.mark.parametrize("envelope", [None, "data", "rows", "calls"])
def test_an_answer_that_repeats_what_was_sent_confirms(envelope, form):
    """Attributes are the user's own, and may have the names of what goes wrong."""

    def handle(request: Request) -> None:
        body = json.loads(request.body)
        request.rows({"updated": rows_of(request.body), envelope: body} if envelope else body)

    own = {"error": "E42", "failed": True, "Status": "failed", "code": 404, "skipped": 1, 'not "found"': "x"}
    values = {name: [value] * ROWS for name, value in own.items()}
    if form == "row-wise":
        values["error"][0] = None
    with Server(handle) as server:
        client = converz.Client(server.url, "key", max_update_bytes=1024, max_retries=0)
        data = {"call_id": list(range(ROWS))} | values
        nulls = "clear" if form == "row-wise" else "keep"
        assert client.update_calls(data, nulls=nulls).rows == ROWS
        assert len(server.requests) > 1


def test_rows_without_a_value_were_not_sent():
    """Neither before nor behind the request that fails."""
    notes = [None if row % 5 == 0 else NOTE for row in range(ROWS)]
    seen = []

    def handle(request: Request) -> None:
        seen.extend(json.loads(request.body)["call_id"])
        if len(server.requests) == 1:
            request.rows({})
        else:
            request.answer(b"<html>")

    with Server(handle) as server:
        client = converz.Client(server.url, "key", max_update_bytes=4096, max_retries=0)
        with pytest.raises(converz.UpdateError) as caught:
            client.update_calls({"call_id": list(range(ROWS)), "note": notes})
    error = caught.value
    rows = {
        name: {row for start, end in getattr(error, name) for row in range(start, end)}
        for name in ("committed", "in_doubt", "unsent")
    }
    empty = set(range(0, ROWS, 5))
    assert rows["committed"] | rows["in_doubt"] == set(seen)
    assert rows["committed"]
    assert rows["in_doubt"]
    assert empty <= rows["unsent"]
    assert set(error.remaining.to_pydict()["call_id"]) == set(range(ROWS)) - rows["committed"]
