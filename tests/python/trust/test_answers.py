"""An answer is complete and what was asked for, or an error; and no answer takes more than is allowed."""

import gzip
import json
import zlib

import pytest

import converz
from support.script import output
from support.server import Request, Server

ROWS = [{"call_id": 1, "text": "x"}, {"call_id": 2, "text": None}]
BODY = json.dumps(ROWS).encode()


@pytest.fixture
def answers():
    """A server that gives the answer that was put into this list."""
    answers = []

    def handle(request: Request) -> None:
        body, headers = answers[0]
        request.answer(body, **headers)

    with Server(handle) as server:
        answers.append((b"[]", {}))
        yield server, answers


def reads(server, **settings):
    client = converz.Client(server.url, "key", **{"max_retries": 0, **settings})
    return [client.calls, client.reps, client.report, client.stream_calls]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"<html><body>" + b"Please log in. " * 100, "text/html; charset=utf-8"),
        (b'{"rows": []}' + b" " * 1000, "application/json"),
        (b"null", "application/json"),
        (b'"rows"', "application/json"),
        (b"17", "application/json"),
        (BODY + b"{}", "application/json"),
        (BODY + b"]", "application/json"),
        (BODY + BODY, "application/json"),
        (b"[1, 2]", "application/json"),
        (b"[[]]", "application/json"),
        (b"[{,}]", "application/json"),
        (b"\x00\x01\x02" * 100, "application/octet-stream"),
        ("[{}] <".encode("utf-16"), "application/json"),
    ],
)
def test_what_is_no_page_is_a_decode_error(answers, body, content_type):
    server, answer = answers
    answer[0] = (body, {"content_type": content_type})
    for read in reads(server, max_retries=3):
        with pytest.raises(converz.DecodeError) as caught:
            read()
        message = str(caught.value)
        assert content_type.split(";")[0] in message
        assert caught.value.attempts == 1


def test_at_most_200_characters_of_an_answer_are_shown(answers):
    server, answer = answers
    page = "<html> " + " ".join(map(str, range(1000)))
    answer[0] = (page.encode(), {"content_type": "text/html"})
    for read in reads(server):
        with pytest.raises(converz.DecodeError) as caught:
            read()
        assert page[:150] in str(caught.value)
        assert page[:201] not in str(caught.value)
        assert len(str(caught.value)) < 450


def test_an_answer_without_a_content_type_says_so(answers):
    server, answer = answers
    answer[0] = (b"<html>", {"content_type": None})
    for read in reads(server):
        with pytest.raises(converz.DecodeError, match="no content type"):
            read()


@pytest.mark.parametrize("body", [b"", b"   ", b"[", BODY[:-1], BODY[:-5], b'[{"call_id": 1}, '])
def test_a_body_that_ends_too_early_is_an_error(answers, body):
    server, answer = answers
    answer[0] = (body, {})
    for read in reads(server):
        with pytest.raises((converz.DecodeError, converz.APIConnectionError)):
            read()


@pytest.mark.parametrize("body", [BODY, b" \n" + BODY + b"\r\n\t ", b"[]", b" [ ] "])
def test_blanks_around_a_page_are_no_harm(answers, body):
    server, answer = answers
    answer[0] = (body, {})
    for read in reads(server)[:3]:
        assert read().num_rows == len(json.loads(body))


@pytest.mark.parametrize("encoding", ["br", "deflate", "compress", "gzip, br", "unheard-of"])
def test_an_encoding_that_was_not_asked_for_is_refused(answers, encoding):
    server, answer = answers
    answer[0] = (BODY, {"Content_Encoding": encoding})
    for read in reads(server, max_retries=3):
        with pytest.raises(converz.DecodeError, match=encoding.split(", ")[-1]):
            read()
    assert len(server.requests) == 4
    assert "br" not in server.requests[0].headers["accept-encoding"]


def test_a_body_that_is_cut_is_read_again():
    packed = gzip.compress(BODY * 1)

    def handle(request: Request) -> None:
        if len(server.requests) == 1:
            request.begin(BODY[:10], len(BODY))
            request.cut()
        elif len(server.requests) == 2:
            request.answer(packed[:-6], Content_Encoding="gzip")
        elif len(server.requests) == 3:
            chunk = b"%x\r\n" % 10 + BODY[:10] + b"\r\n"
            request.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk)
            request.cut()
        else:
            request.answer(packed, Content_Encoding="gzip")

    with Server(handle) as server:
        table = converz.Client(server.url, "key").report()
    assert table.to_pydict() == {"call_id": [1, 2], "text": ["x", None]}
    assert table.receipt.retries == 3


def nested(depth: int) -> bytes:
    return b'[{"call_id": 1, "deep": ' + b"[" * depth + b"]" * depth + b"}]"


def test_nesting_is_bounded(answers):
    server, answer = answers
    for read in reads(server, max_depth=20):
        answer[0] = (nested(17), {})
        read()
        answer[0] = (nested(100_000), {})
        with pytest.raises(converz.LimitExceededError, match="max_depth"):
            read()


def test_the_length_of_a_value_is_bounded(answers):
    server, answer = answers
    for read in reads(server, max_value_bytes=1000):
        answer[0] = (json.dumps([{"call_id": 1, "long": "x" * 900}]).encode(), {})
        read()
        for value in ("x" * 1100, ["x"] * 1000, 10**2000):
            answer[0] = (json.dumps([{"call_id": 1, "long": value}]).encode(), {})
            with pytest.raises(converz.LimitExceededError, match="max_value_bytes"):
                read()


def test_the_size_of_a_page_is_bounded(answers):
    server, answer = answers
    for read in reads(server, max_response_bytes=2000, max_retries=3):
        before = len(server.requests)
        answer[0] = (b"[" + b" " * 3000 + b"]", {})
        with pytest.raises(converz.LimitExceededError, match="max_response_bytes"):
            read()
        answer[0] = (gzip.compress(b"[" + b" " * 3000 + b"]"), {"Content_Encoding": "gzip"})
        with pytest.raises(converz.LimitExceededError, match="max_response_bytes"):
            read()
        # A limit is exceeded every time, so nothing is tried again.
        assert len(server.requests) == before + 2


def packed_blanks(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    blanks = b" " * (1 << 20)
    parts = [
        packer.compress(b"["),
        *(packer.compress(blanks) for _ in range(megabytes)),
        packer.compress(b"]"),
    ]
    return b"".join([*parts, packer.flush()])


MEMORY = """
    import json, sys
    import converz

    def peak():
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) >> 10 for line in file if line.startswith("VmHWM"))

    client = converz.Client(sys.argv[1], "key", max_response_bytes=40 << 20, max_retries=0)
    client.reps()
    before = peak()
    errors = []
    for read in (client.calls, client.report, client.stream_calls):
        try:
            read()
        except converz.LimitExceededError as error:
            errors.append("max_response_bytes" in str(error))
    print(json.dumps([errors, peak() - before]))
"""


@pytest.mark.parametrize("times", [1, 3], ids=["a packed body", "a body packed in members"])
def test_a_decompression_bomb_ends_in_bounded_memory(tmp_path, times):
    bomb = packed_blanks(120) * times
    assert len(bomb) < 1 << 20

    def handle(request: Request) -> None:
        if request.operation == "reps":
            request.rows([])
        else:
            request.answer(bomb, Content_Encoding="gzip")

    with Server(handle) as server:
        errors, megabytes = output(tmp_path, MEMORY, server.url)
    assert errors == [True, True, True]
    assert megabytes < 30
