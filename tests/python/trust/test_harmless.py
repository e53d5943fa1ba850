"""What a service says reaches a terminal only as what can be read, and never more of it than a person reads."""

import io
import json
import logging
import warnings

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import converz
from support.server import Request, Server
from support.unseen import unseen

HOSTILE = (
    "\x00\x07\x1b\x7f\x85\x9b\u00ad\u034f\u061c\u115f\u180e\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202e\u2060\u2066\u2069\u3164\ufeff"
    "\ufff9\U000e0041"
)
LONGEST = 30_000
"""Characters of an error's text: two thousand of a service's message, each spelt, and what is said about them."""


def answer(request: Request, kind: str, text: str) -> None:
    """Say it in one of the ways that come into errors, warnings and the log."""
    raw = text.encode()
    quoted = json.dumps(text, ensure_ascii=False).encode()
    one_line = text.replace("\r", "").replace("\n", "").replace("\0", "").encode()
    if request.page > 1:
        request.answer(b"[]")
    elif kind == "page":
        request.answer(b"<html>" + raw, content_type="text/html")
    elif kind == "refusal":
        request.answer(raw, "403 Forbidden", "text/plain; charset=utf-8")
    elif kind == "documented":
        request.answer(b'{"error": %b, "code": %b}' % (quoted, quoted), "400 Bad Request")
    elif kind == "busy":
        request.answer(raw, "503 Busy", "text/plain", Retry_After="0")
    elif kind == "header":
        head = b"HTTP/1.1 400 No\r\nContent-Length: 1\r\nContent-Type: text/" + one_line
        request.send(head + b"\r\n\r\n<")
    elif kind == "redirect":
        head = b"HTTP/1.1 302 No\r\nContent-Length: 0\r\nLocation: https://elsewhere.example/" + one_line
        request.send(head + b"\r\n\r\n")
    elif kind == "reason":
        request.send(b"HTTP/1.1 500 " + one_line + b"\r\nContent-Length: 0\r\n\r\n")
    elif kind == "broken rows":
        request.answer(b'[{"call_id": 1, %b: %b, y}]' % (quoted, quoted))
    elif kind == "wrong type":
        request.answer(b'[{"call_id": 1, "x": %b}]' % quoted)
    elif kind == "wrong key":
        request.answer(b'[{"call_id": %b, %b: 1}]' % (quoted, quoted))
    elif kind == "near dates":
        # Nearly all are dates, which is worth a warning about the first that is none.
        rows = [{"call_id": i, "_" + text: "2025-07-15"} for i in range(1, 200)]
        request.rows([*rows, {"call_id": 200, "_" + text: text}])
    elif kind == "misnamed":
        request.rows([{"call_id": 1, "_" + text: 1}])
    else:
        request.send(raw + b"\r\n\r\n")
        request.cut()


TOLD = [
    "page",
    "refusal",
    "documented",
    "busy",
    "broken rows",
    "wrong type",
    "wrong key",
    "near dates",
    "misnamed",
]
KINDS = [*TOLD, "reason", "header", "redirect", "no http"]

texts = st.builds(
    lambda text, times: text * times,
    st.text(
        st.characters(exclude_categories=["Cs"]) | st.sampled_from(HOSTILE + "ab\u0301\u05d0"),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from([1, 1, 1, 20, 4_000]),
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts, st.sampled_from(KINDS), st.sampled_from(["calls", "stream_calls", "update_calls"]))
@example(HOSTILE, "documented", "calls")
@example(HOSTILE * 400, "documented", "update_calls")
@example(HOSTILE, "wrong type", "stream_calls")
@example(HOSTILE, "near dates", "calls")
@example(HOSTILE, "misnamed", "calls")
def test_nothing_of_a_service_moves_the_cursor(text, kind, verb):
    shown, _ = told(text, kind, verb)
    for told_text in shown:
        assert unseen(told_text) == set(), told_text
        assert len(told_text) < LONGEST


def told(text: str, kind: str, verb: str) -> tuple[list[str], converz.ConverzError | None]:
    """What a person is shown: errors, their causes, warnings, the log; and the error."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.terminator = ""
    logger = logging.getLogger("converz")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    shown, caught = [], None
    try:
        with (
            Server(lambda request: answer(request, kind, text)) as server,
            warnings.catch_warnings(record=True) as warned,
        ):
            warnings.simplefilter("always")
            client = converz.Client(
                server.url, "the-key-of-this-test", max_retries=1 if kind == "busy" else 0
            )
            try:
                if verb == "update_calls":
                    client.update_calls({"call_id": [1, 2], "note": ["x", "y"]})
                elif verb == "stream_calls":
                    list(client.stream_calls(schema={"x": "int64"}))
                else:
                    client.calls(**({"columns": ["y"]} if kind == "misnamed" else {"schema": {"x": "int64"}}))
            except converz.ConverzError as error:
                caught = error
                for cause in (error, error.__cause__, error.__context__):
                    shown += [str(cause), repr(cause)]
            shown += [str(warning.message) for warning in warned]
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
    assert "attempt 1" in stream.getvalue()
    return [*shown, stream.getvalue()], caught


@pytest.mark.parametrize("kind", TOLD)
def test_what_is_not_seen_is_spelt(kind):
    """So that it is known to be there: each of these ways is one by which it comes."""
    shown, error = told("a\u202eb", kind, "calls")
    assert "a\\u{202e}b" in "".join(shown)
    if kind == "documented":
        # What a program reads is what the service said.
        assert (error.message, error.code) == ("a\u202eb", "a\u202eb")
