"""The logger `converz`: one line a request, retries as warnings, and nothing is ever printed."""

import json
import logging
import re

import pytest

import converz
from support.server import Request, Server, serve_rows

ROWS = [{"call_id": number, "rep_id": "kees500"} for number in range(1, 26)]
LINE = re.compile(
    r"(?P<method>GET|POST) (?P<path>/\w+)(\?(?P<query>\S*))?: (?P<result>.+?) "
    r"\(attempt (?P<attempt>\d+), (?P<bytes>\d+) bytes, (?P<ms>\d+) ms\)(?P<next>, next attempt in \d+\.\d s)?"
)


def lines(caplog):
    return [record for record in caplog.records if record.name == "converz"]


def test_each_request_is_one_line(caplog):
    caplog.set_level(1, "converz")
    with Server(serve_rows(ROWS)) as server:
        client = converz.Client(server.url, "key", page_size=10, max_concurrency=1)
        receipt = client.calls(rep_id=["kees500"], vendor_call_id="5a9fdc24", campaign="sales").receipt
        requests = [request.query for request in server.requests]
    records = lines(caplog)
    # Three pages, and what proves the end.
    assert len(records) == len(requests) == receipt.requests > 3
    for query, record in zip(requests, records, strict=True):
        assert record.levelno == logging.DEBUG
        found = LINE.fullmatch(record.getMessage())
        assert found, record.getMessage()
        assert (found["method"], found["path"], found["result"], found["attempt"]) == (
            "GET",
            "/calls",
            "200",
            "1",
        )
        size, page = int(query["n_per_page"]), int(query["page"])
        assert "campaign=sales" in found["query"]
        assert f"n_per_page={size}" in found["query"]
        assert f"&page={page}" in found["query"]
        assert int(found["bytes"]) == len(json.dumps(ROWS[(page - 1) * size : page * size]))
    everything = "\n".join(record.getMessage() for record in records)
    assert "kees500" not in everything
    assert "5a9fdc24" not in everything


def test_retries_are_warnings(caplog):
    caplog.set_level(1, "converz")

    def fail_twice(request: Request) -> None:
        if len(server.requests) == 1:
            request.answer(b"a person's name", "503 Service Unavailable", Retry_After="0")
        elif len(server.requests) == 2:
            request.cut()
        else:
            request.rows(ROWS)

    with Server(fail_twice) as server:
        converz.Client(server.url, "key").report()
    records = lines(caplog)
    assert [record.levelno for record in records] == [logging.WARNING, logging.WARNING, logging.DEBUG]
    found = [LINE.fullmatch(record.getMessage()) for record in records]
    assert [match["attempt"] for match in found] == ["1", "2", "3"]
    assert [bool(match["next"]) for match in found] == [True, True, False]
    assert "503" in found[0]["result"]
    assert "person" not in caplog.text


def test_an_update_is_logged_without_its_values(caplog):
    caplog.set_level(1, "converz")
    with Server(lambda request: request.rows({"updated": 1})) as server:
        converz.Client(server.url, "key").update_reps({"rep_id": ["kees500"], "name": ["Kees"]})
    (record,) = lines(caplog)
    assert LINE.fullmatch(record.getMessage())["path"] == "/reps"
    assert "kees" not in caplog.text.lower()


def test_a_read_that_is_not_logged_costs_no_line(caplog):
    caplog.set_level(logging.WARNING, "converz")
    with Server(serve_rows(ROWS)) as server:
        converz.Client(server.url, "key").calls()
    assert lines(caplog) == []


def test_the_line_belongs_to_the_caller_of_the_client(caplog):
    caplog.set_level(1, "converz")
    with Server(serve_rows(ROWS)) as server:
        converz.Client(server.url, "key").calls()
    assert lines(caplog)[0].pathname.endswith(("client.py", "steps.py"))


def test_a_handler_that_fails_ends_the_read_with_its_error():
    class Failing(logging.Handler):
        def emit(self, record):
            message = "the disk is full"
            raise OSError(message)

    logger = logging.getLogger("converz")
    handler = Failing()
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        with Server(serve_rows(ROWS)) as server, pytest.raises(OSError, match="disk"):
            converz.Client(server.url, "key").calls()
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)


def test_there_is_a_handler_that_does_nothing():
    handlers = logging.getLogger("converz").handlers
    assert any(isinstance(handler, logging.NullHandler) for handler in handlers)


def test_nothing_is_printed(capfd):
    def misbehave(request: Request) -> None:
        if request.query.get("campaign") == "html":
            request.answer(b"<html>", content_type="text/html")
        elif request.query.get("campaign") == "busy":
            request.answer(b"", "503 Service Unavailable", Retry_After="0")
        else:
            serve_rows(ROWS)(request)

    with Server(misbehave) as server:
        client = converz.Client(server.url, "key", max_retries=2, page_size=10)
        client.calls()
        for campaign in ("html", "busy"):
            with pytest.raises(converz.ConverzError):
                client.calls(campaign=campaign)
    with pytest.raises(converz.APIConnectionError):
        converz.Client(server.url, "key", max_retries=0).calls()
    assert capfd.readouterr() == ("", "")
