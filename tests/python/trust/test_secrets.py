"""The key is shown nowhere: not in reprs, logs, errors and their tracebacks, pickles, warnings or files."""

import contextlib
import copy
import faulthandler
import gc
import io
import json
import linecache
import logging
import pickle
import re
import traceback
import warnings
from pathlib import Path

import pytest

import converz
from converz import _core
from support.script import run
from support.server import Request, Server, serve_rows

CANARY = "canary-0123456789abcdef"
OURS = str(Path(converz.__file__).parent)
ROWS = [{"call_id": number, "text": "x"} for number in range(1, 31)]


def shown_by_tools(error: BaseException) -> list[str]:
    """What error pages and reports show: locals, and the values of what stands in the lines that failed."""
    captured = traceback.TracebackException.from_exception(error, capture_locals=True)
    found = [f"{frame.name}: {frame.locals}" for frame in captured.stack if frame.filename.startswith(OURS)]
    for frame, line in traceback.walk_tb(error.__traceback__):
        if not frame.f_code.co_filename.startswith(OURS):
            continue
        lines = linecache.getlines(frame.f_code.co_filename)
        # A statement may go on for some lines around the one that is named.
        for name in re.findall(r"[A-Za-z_][\w.]*", "".join(lines[max(0, line - 6) : line + 6])):
            with contextlib.suppress(Exception):
                found.append(f"{name}={eval(name, frame.f_globals, frame.f_locals)!r}")
    return found


def told(error: BaseException) -> str:
    """Return all that an error tells: its chain, and the local variables of this package's frames."""
    found = shown_by_tools(error)
    seen = set()

    def walk(error: BaseException | None) -> None:
        if error is None or id(error) in seen:
            return
        seen.add(id(error))
        found.extend([str(error), repr(error), repr(error.args), repr(vars(error))])
        for frame, line in traceback.walk_tb(error.__traceback__):
            if frame.f_code.co_filename.startswith(OURS):
                found.append(
                    f"{frame.f_code.co_name}:{line}: {[(k, repr(v)) for k, v in frame.f_locals.items()]}"
                )
        with contextlib.suppress(TypeError):
            found.append(pickle.dumps(error).decode("latin-1"))
        walk(error.__cause__)
        walk(error.__context__)

    walk(error)
    return "\n".join(found)


def misbehave(request: Request) -> None:
    """Repeat the key wherever a service could."""
    key = request.headers["x-api-key"]
    mood = request.query.get("campaign", request.body.decode() and "update")
    answers = {
        "html": (f"<html>who is {key}?</html>", "200 OK", f"text/html; {key}", {}),
        "refused": (json.dumps({"error": f"no key: {key}", "code": key}), "401 No", "application/json", {}),
        "plain": (f"proxy says {key}", "403 Forbidden", "text/plain", {}),
        "busy": (f"slow down, {key}", "429 Too Many Requests", "text/plain", {"Retry_After": "0"}),
        "redirect": ("", "302 Found", None, {"Location": f"https://elsewhere.example/{key}?key={key}"}),
        "encoded": ("[]", "200 OK", None, {"Content_Encoding": key}),
        "object": (json.dumps({key: key}), "200 OK", "application/json", {}),
        "update": (f"broken by {key}", "400 Bad Request", "text/plain", {}),
    }
    if mood == "cut":
        request.begin(b'[{"call_id": 1', 20)
        request.cut()
    elif mood in answers:
        body, status, content_type, headers = answers[mood]
        request.answer(body.encode(), status, content_type, **headers)
    else:
        serve_rows(ROWS)(request)


MOODS = {
    "html": converz.DecodeError,
    "refused": converz.AuthenticationError,
    "plain": converz.PermissionDeniedError,
    "busy": converz.RateLimitError,
    "redirect": converz.RedirectError,
    "encoded": converz.DecodeError,
    "cut": converz.APIConnectionError,
    "object": converz.DecodeError,
}


@pytest.fixture
def server():
    with Server(misbehave) as server:
        yield server


@pytest.fixture
def logged():
    """All that is logged by anyone, at any level."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(1)
    logging.getLogger("converz").setLevel(1)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)
    logging.getLogger("converz").setLevel(logging.NOTSET)


@pytest.mark.parametrize("mood", MOODS)
def test_no_error_shows_the_key(server, logged, mood):
    client = converz.Client(server.url, CANARY, max_retries=1)
    calls = [
        lambda: client.calls(campaign=mood),
        lambda: client.report(campaign=mood),
        lambda: client.stream_calls(campaign=mood),
    ]
    for call in calls:
        with pytest.raises(MOODS[mood]) as caught:
            call()
        assert CANARY not in told(caught.value)
    assert "GET /calls" in logged.getvalue()
    assert CANARY not in logged.getvalue()


def test_no_failed_update_shows_the_key(server, logged):
    client = converz.Client(server.url, CANARY, max_retries=1)
    with pytest.raises(converz.UpdateError) as caught:
        client.update_calls({"call_id": [1], "note": ["x"]})
    assert "broken by" in told(caught.value)
    assert CANARY not in told(caught.value)
    assert CANARY not in logged.getvalue()


def test_no_object_shows_the_key(server):
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        client = converz.Client(server.url, CANARY, page_size=10)
        table = client.calls()
        stream = client.stream_calls()
        next(stream)
        plan = client.update_calls({"call_id": [1], "note": ["x"]}, dry_run=True)
        shown = [
            repr(warned),
            repr(client.settings),
            repr(dir(client)),
            repr(table.receipt),
            repr(stream.receipt),
        ]
        for thing in (client, client._core, table, stream, stream._core, plan, plan[0]):
            shown += [repr(thing), str(thing), format(thing), repr(gc.get_referents(thing))]
            shown += [repr(getattr(thing, name, None)) for name in dir(thing)]
        shown += [pickle.dumps(thing).decode("latin-1") for thing in (table, table.receipt, stream.schema)]
        stream.close()
    assert CANARY not in "\n".join(shown)


def test_only_its_header_carries_the_key(server):
    client = converz.Client(server.url, CANARY, page_size=10)
    client.calls()
    client.report()
    with client.stream_calls() as stream:
        assert sum(batch.num_rows for batch in stream) == 30
    with contextlib.suppress(converz.UpdateError):
        client.update_calls({"call_id": [1], "note": ["x"]})
    assert len(server.requests) >= 10
    for request in server.requests:
        assert request.headers["x-api-key"] == CANARY
        assert request.head.count(CANARY.encode()) == 1
        assert CANARY.encode() not in request.body
        assert CANARY not in request.target
        assert "referer" not in request.headers
        assert set(request.headers) <= {
            "x-api-key",
            "accept",
            "accept-encoding",
            "user-agent",
            "host",
            "content-type",
            "content-length",
        }


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"]
)
def test_the_key_never_reaches_the_target_of_a_redirect(status):
    with Server(serve_rows(ROWS)) as other:

        def redirect(request: Request) -> None:
            request.answer(b"", status, Location=f"{other.url}/api/v1/calls")

        with Server(redirect) as server:
            client = converz.Client(server.url, CANARY)
            with pytest.raises(converz.RedirectError) as caught:
                client.calls()
            assert caught.value.location == f"{other.url}/api/v1/calls"
            with pytest.raises(converz.UpdateError) as caught:
                client.update_calls({"call_id": [1], "note": ["secret"]})
            assert isinstance(caught.value.__cause__, converz.RedirectError)
            assert len(server.requests) == 2
        assert other.received == []


@pytest.mark.parametrize(
    "key",
    [
        CANARY + "\n" + CANARY,
        "\r\n" + CANARY,
        CANARY + "\x00",
        CANARY + "é",
        CANARY + "\ud800",
        " " + CANARY,
        CANARY.encode(),
        [CANARY],
        {CANARY: CANARY},
    ],
)
def test_a_key_that_cannot_be_one_is_refused_unseen(key):
    with pytest.raises(converz.ConfigurationError, match="api_key") as caught:
        converz.Client("https://acme.example", key)
    assert CANARY not in told(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"timeout": -1},
        {"page_size": 0},
        {"ca_file": "/nowhere.pem"},
        {"proxy": "nonsense"},
        {"proxy": 3},
        {"user_agent": "\n"},
        {"base_url": "http://elsewhere.example"},
    ],
)
def test_settings_that_cannot_work_do_not_show_the_key(settings):
    with pytest.raises(converz.ConfigurationError) as caught:
        converz.Client(**{"base_url": "https://acme.example", "api_key": CANARY} | settings)
    assert CANARY not in told(caught.value)


@pytest.mark.parametrize(
    "base_url",
    [
        f"https://me:{CANARY}@acme.example",
        f"https://{CANARY}@acme.example",
        f"htp://me:{CANARY}@acme.example",
        f"https://acme.example/?key={CANARY}",
        CANARY,
        CANARY.encode(),
    ],
)
def test_an_address_that_cannot_be_one_is_refused_unseen(base_url):
    with pytest.raises(converz.ConfigurationError, match="base_url") as caught:
        converz.Client(base_url, "key")
    assert CANARY not in told(caught.value)


def test_the_default_client_does_not_show_the_key(monkeypatch):
    monkeypatch.setattr("converz._client.default_client._client", None)
    monkeypatch.setenv("CONVERZ_API_KEY", CANARY)
    monkeypatch.setenv("CONVERZ_BASE_URL", f"http://me:{CANARY}@elsewhere.example")
    with pytest.raises(converz.ConfigurationError) as caught:
        converz.calls()
    assert CANARY not in told(caught.value)


@pytest.mark.parametrize("key", [CANARY + " ", CANARY + "é", CANARY + "\ud800", CANARY.encode(), [CANARY]])
def test_a_sandboxs_key_that_cannot_be_one_is_refused_unseen(key):
    with pytest.raises(converz.InvalidInputError, match="api_key") as caught:
        converz.Sandbox(calls=1, reps=1, api_key=key)
    assert CANARY not in told(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"calls": -1},
        {"reps": 0},
        {"days": "many"},
        {"seed": None},
        {"today": "tomorrow"},
        {"path": 5},
        {"path": "/nowhere/at/all.db"},
        {"port": 70_000},
        {"faults": 5},
        {"faults": [5]},
        {"faults": [converz.Fault(status=5)]},
    ],
    ids=repr,
)
def test_options_of_a_sandbox_that_cannot_work_do_not_show_its_key(options):
    with pytest.raises(converz.ConverzError) as caught:
        converz.Sandbox(**{"calls": 1, "reps": 1, "api_key": CANARY} | options)
    assert CANARY not in told(caught.value)


def test_a_client_of_a_sandbox_shows_neither_its_key_nor_a_proxys():
    with converz.Sandbox(calls=1, reps=1, api_key=CANARY) as sandbox:
        assert sandbox.client().calls().num_rows == 1
        assert CANARY not in repr(sandbox) + repr(sandbox._core) + repr(sandbox._core.secret)
        for settings in ({"page_size": 0}, {"proxy": f"socks9://me:{CANARY}@proxy:1"}, {"proxy": [CANARY]}):
            with pytest.raises(converz.ConfigurationError) as caught:
                sandbox.client(**settings)
            assert CANARY not in told(caught.value)
        for settings in ({"api_key": CANARY}, {"page": 5}):
            with pytest.raises(TypeError) as caught:
                sandbox.client(**settings)
            assert CANARY not in told(caught.value)


def test_a_secret_that_was_passed_on_is_not_shown():
    secret = _core.Secret(CANARY)
    again = _core.Secret(secret)
    assert CANARY not in repr(secret) + repr(again) + repr(gc.get_referents(secret, again))
    with pytest.raises(TypeError):
        pickle.dumps(again)


def test_a_client_with_a_key_of_its_own_is_not_pickled():
    client = converz.Client("https://acme.example", CANARY)
    for copied in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(converz.ConfigurationError, match="CONVERZ_API_KEY") as caught:
            copied(client)
        assert CANARY not in told(caught.value)


def test_a_client_of_the_environment_is_pickled_without_its_key(server, monkeypatch):
    monkeypatch.setenv("CONVERZ_API_KEY", CANARY)
    client = converz.Client(server.url, page_size=10)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert CANARY.encode() not in pickle.dumps(client, protocol)
    monkeypatch.setenv("CONVERZ_API_KEY", "another-key-of-the-day")
    for copied in (pickle.loads(pickle.dumps(client)), copy.copy(client), copy.deepcopy(client)):
        assert copied.settings == client.settings
        assert copied.calls().num_rows == 30
        assert server.requests[-1].headers["x-api-key"] == "another-key-of-the-day"


@pytest.mark.parametrize("user", [f"me:{CANARY}", f"{CANARY}:me", CANARY])
def test_the_user_and_password_of_a_proxy_are_not_shown(user):
    client = converz.Client("https://acme.example", "key", proxy=f"http://{user}@127.0.0.1:9", max_retries=0)
    shown = "***:***" if ":" in user else "***"
    assert client.settings["proxy"] == f"http://{shown}@127.0.0.1:9/"
    assert CANARY not in repr(client._core) + repr(gc.get_referents(client._core, client))
    with pytest.raises(converz.APIConnectionError) as caught:
        client.calls()
    assert "through the proxy http://127.0.0.1:9" in str(caught.value)
    assert CANARY not in told(caught.value)


@pytest.mark.parametrize(
    "proxy", [f"socks9://me:{CANARY}@proxy:1", f"http://me:{CANARY}@proxy:x", f"me:{CANARY}", CANARY.encode()]
)
def test_a_proxy_that_cannot_be_one_is_refused_unseen(proxy):
    with pytest.raises(converz.ConfigurationError, match="proxy") as caught:
        converz.Client("https://acme.example", "key", proxy=proxy)
    assert CANARY not in told(caught.value)


@pytest.mark.parametrize("user", [f"me:{CANARY}", CANARY])
def test_a_client_whose_proxy_has_a_user_is_not_pickled(monkeypatch, user):
    monkeypatch.setenv("CONVERZ_API_KEY", "key-of-the-environment")
    client = converz.Client("https://acme.example", proxy=f"http://{user}@127.0.0.1:9")
    with pytest.raises(converz.ConfigurationError, match="proxy"):
        pickle.dumps(client)
    plain = converz.Client("https://acme.example", proxy="http://127.0.0.1:9")
    assert pickle.loads(pickle.dumps(plain)).settings == plain.settings


def test_a_dump_of_all_threads_does_not_show_the_key(server, tmp_path):
    client = converz.Client(server.url, CANARY)
    client.calls()
    with (tmp_path / "dump").open("w+") as file:
        faulthandler.dump_traceback(file)
        file.seek(0)
        assert CANARY not in file.read()


def test_nothing_is_printed_or_written_whatever_the_environment_asks_for(server, tmp_path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    code = """
    import contextlib, sys
    import converz

    client = converz.Client(sys.argv[1], page_size=10, max_retries=1)
    assert client.calls().num_rows == 30
    for mood in ("html", "refused", "plain", "busy", "redirect", "encoded", "cut", "object"):
        for read in (client.calls, client.report, client.stream_calls):
            try:
                read(campaign=mood)
            except converz.ConverzError:
                pass
            else:
                raise AssertionError(mood)
    with contextlib.suppress(converz.UpdateError):
        client.update_calls({"call_id": [1], "note": ["x"]})
    """
    ended = run(tmp_path, code, server.url, CONVERZ_API_KEY=CANARY, RUST_LOG="trace", TMPDIR=str(folder))
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert list(folder.iterdir()) == []
    assert {file.name for file in tmp_path.iterdir()} == {"temporary", "program.py"}
