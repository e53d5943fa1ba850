"""No service can make the key known, however it spells it and wherever what it says is cut."""

import base64
import html
import io
import json
import logging
import pickle
import urllib.parse
import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import converz
from support.server import Request, Server

RUN = 8
"""The longest part of a key that may be seen, and one more."""

SPELLINGS = {
    "as it is": str,
    "json": lambda key: json.dumps(key)[1:-1],
    "json with slashes": lambda key: json.dumps(key)[1:-1].replace("/", "\\/"),
    "json in json": lambda key: json.dumps(json.dumps(key)[1:-1])[1:-1],
    "unicode escapes": lambda key: "".join(f"\\u{ord(letter):04X}" for letter in key),
    "percent": lambda key: urllib.parse.quote(key, safe=""),
    "percent twice": lambda key: urllib.parse.quote(urllib.parse.quote(key, safe=""), safe=""),
    "every percent": lambda key: "".join(f"%{ord(letter):02x}" for letter in key),
    "form": urllib.parse.quote_plus,
    "a form that is read": urllib.parse.unquote_plus,
    "html": html.escape,
    "python": lambda key: repr(key)[1:-1],
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "basic": lambda key: base64.b64encode(f"user:{key}".encode()).decode(),
}

DECODERS = [
    str,
    urllib.parse.unquote,
    lambda text: urllib.parse.unquote(urllib.parse.unquote(text)),
    html.unescape,
    lambda text: text.replace("\\\\", "\\").replace('\\"', '"').replace("\\/", "/"),
    lambda text: text.replace("\\\\", "\\").replace("\\\\", "\\").replace('\\"', '"').replace("\\/", "/"),
]
"""What a reader of an error may do to it."""


def answer(request: Request, kind: str, echo: str) -> None:
    """Say it in one of the ways that come into errors."""
    text = echo.encode()
    row = json.dumps(echo).encode()
    if kind == "page":
        request.answer(text, content_type="text/html")
    elif kind == "refusal":
        request.answer(text, "403 Forbidden", "text/plain")
    elif kind == "documented":
        request.answer(b'{"error": %b, "code": %b}' % (row, row), "400 Bad Request")
    elif kind == "busy":
        request.answer(text, "503 Busy", "text/plain", Retry_After="0")
    elif kind == "content type":
        request.answer(b"<", "400 Bad Request", f"text/{echo}")
    elif kind == "encoding":
        request.answer(b"[]", Content_Encoding=echo)
    elif kind == "redirect":
        request.answer(b"", "302 Found", Location=f"https://elsewhere.example/{echo}?{echo}")
    elif kind == "object":
        request.answer(b'{"x": %b}' % row)
    elif kind == "broken rows":
        request.answer(b'[{"call_id": 1, "x": %b, y}]' % row)
    elif kind == "wrong type":
        request.answer(b'[{"call_id": 1, "x": 1}, {"call_id": 2, "x": %b}]' % row)
    elif kind == "cut":
        request.begin(b'[{"call_id": 1, "x": ' + row, 1 << 20)
        request.cut()
    else:
        request.send(text + b"\r\n\r\n")
        request.cut()


KINDS = [
    "page",
    "refusal",
    "documented",
    "busy",
    "content type",
    "encoding",
    "redirect",
    "object",
    "broken rows",
    "wrong type",
    "cut",
    "no http",
]

# Drawn as bytes, lest they be words of the package's own.
keys = st.binary(min_size=RUN, max_size=64).map(
    lambda drawn: "".join(chr(0x21 + byte % 94) for byte in drawn)
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    keys,
    st.sampled_from(KINDS),
    st.sampled_from(sorted(SPELLINGS)),
    st.one_of(st.integers(0, 230), st.integers(1900, 2010)),
    st.sampled_from(["calls", "stream_calls", "report", "update_calls"]),
)
def test_no_run_of_the_key_is_seen(key, kind, spelling, before, verb):
    echo = "x" * before + SPELLINGS[spelling](key)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger("converz")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    shown = []
    try:
        with (
            Server(lambda request: answer(request, kind, echo)) as server,
            warnings.catch_warnings(record=True) as warned,
        ):
            warnings.simplefilter("always")
            client = converz.Client(server.url, key, max_retries=1 if kind == "busy" else 0)
            shown += [repr(client), repr(client.settings)]
            try:
                if verb == "update_calls":
                    client.update_calls({"call_id": [1, 2], "note": ["x", "y"]})
                else:
                    getattr(client, verb)(schema={"x": "int64"})
            except converz.ConverzError as error:
                for cause in (error, error.__cause__, error.__context__):
                    shown += [str(cause), repr(cause), repr(getattr(cause, "__dict__", None))]
                    shown.append(pickle.dumps(cause, 0).decode("latin-1"))
            shown += [str(warning.message) for warning in warned]
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
    shown.append(stream.getvalue())
    assert "attempt 1" in stream.getvalue()
    # The echo itself is not the key's fault where the key is made of such letters.
    own = "[api_key]" + "x" * 300 + server.url
    for text in shown:
        for decode in DECODERS:
            seen = decode(text)
            for start in range(len(key) - RUN + 1):
                run = key[start : start + RUN]
                assert run not in seen or run in own, (run, seen)


@pytest.mark.parametrize("proxy", ["argument", "environment"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_proxy_can_make_its_user_known(monkeypatch, scheme, proxy):
    user, password = "jdoe", "Sesame/0pen"
    credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
    words = (
        f"{user} may not pass with {password} ({urllib.parse.quote(password, safe='')}), Basic {credentials}"
    )

    def refuse(request: Request) -> None:
        assert request.headers["proxy-authorization"] == f"Basic {credentials}"
        request.answer(words.encode(), f"407 {words[:60]}", "text/plain")

    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    with Server(refuse) as server:
        url = server.url.replace("http://", f"http://{user}:{urllib.parse.quote(password, safe='')}@")
        if proxy == "environment":
            monkeypatch.setenv(f"{scheme.upper()}_PROXY", url)
        argument = {"proxy": url} if proxy == "argument" else {}
        client = converz.Client(f"{scheme}://service.example", "key", allow_http=True, **argument)
        with pytest.raises(converz.ConverzError) as caught:
            client.calls()
        # Once: a directory would lock the account.
        assert len(server.requests) == 1
    assert "407" in str(caught.value)
    for text in (str(caught.value), repr(vars(caught.value)), repr(client.settings)):
        for secret in (user, password, credentials, urllib.parse.quote(password, safe="")):
            assert secret not in text
