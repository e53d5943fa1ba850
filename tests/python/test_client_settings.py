"""Making a client: where its address and key come from, and every setting that cannot work."""

from __future__ import annotations

import gc
import inspect
import pickle
import socket
import traceback

import pytest

import converz

URL = "https://acme.converz.co"
SECRET = "s3cret-key-0123456789"

SECONDS = ["timeout", "connect_timeout", "first_byte_timeout", "stall_timeout"]
NO_SECONDS = [0, -1, float("nan"), float("inf"), 1e300, True, "5", [5]]

BAD = [
    ("max_retries", [-1, 1001, 1.0, True, "5", 2**70]),
    ("page_size", [0, -1, 1_000_001, 10.0, True, "10"]),
    ("max_concurrency", [0, -1, 65, 1.5, True, "4"]),
    ("max_connections", [0, -1, 1_001, 1.5, True, "4"]),
    ("max_update_bytes", [0, 1023, -5, 1.5, True, "16"]),
    ("max_response_bytes", [0, -1, 1.5, True, "4"]),
    ("max_depth", [0, -1, 1.5, True, "4"]),
    ("max_value_bytes", [0, -1, 1.5, True, "4"]),
    ("allow_http", ["yes", 1, 0, [True]]),
    ("lossy", ["yes", 1, 0, [True]]),
    ("last_page", ["", "full", "Short", True, 0, ["short"]]),
    ("user_agent", ["a\nb", "é", 5]),
    ("ca_file", [5, "/does/not/exist.pem"]),
    ("proxy", ["proxy.example.com:3128", "ftp://proxy", "http://", "", 5, "http://proxy/path"]),
]

CHANGED = {
    "timeout": 1.5,
    "connect_timeout": 2.0,
    "first_byte_timeout": 3.0,
    "stall_timeout": 4.0,
    "max_retries": 0,
    "page_size": 1_000_000,
    "max_concurrency": 64,
    "max_connections": 1_000,
    "max_update_bytes": 1024,
    "max_response_bytes": 1,
    "max_depth": 1,
    "max_value_bytes": 1,
    "allow_http": True,
    "proxy": "http://proxy.example.com:3128/",
    "user_agent": "dashboards/2.0",
    "lossy": True,
    "last_page": "short",
}


@pytest.fixture(autouse=True)
def _without_environment(monkeypatch):
    for name in ("CONVERZ_BASE_URL", "CONVERZ_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def refused(*arguments, **settings):
    with pytest.raises(converz.ConfigurationError) as caught:
        converz.Client(*arguments, **settings)
    assert isinstance(caught.value, converz.ConverzError)
    return str(caught.value)


def test_address_and_key_from_the_environment(monkeypatch, sandbox):
    monkeypatch.setenv("CONVERZ_BASE_URL", sandbox.url)
    monkeypatch.setenv("CONVERZ_API_KEY", sandbox.api_key)
    assert converz.Client().reps(limit=1).num_rows == 1


def test_arguments_go_before_the_environment(monkeypatch, sandbox):
    monkeypatch.setenv("CONVERZ_BASE_URL", "https://elsewhere.invalid")
    monkeypatch.setenv("CONVERZ_API_KEY", "another")
    assert converz.Client(sandbox.url, sandbox.api_key).reps(limit=1).num_rows == 1


def test_neither_address_nor_key():
    assert "CONVERZ_API_KEY" in refused(URL)
    assert "CONVERZ_BASE_URL" in refused(api_key=SECRET)
    assert "CONVERZ_API_KEY" in refused(URL, "")
    assert "CONVERZ_BASE_URL" in refused("", SECRET)


def test_what_is_missing_is_said_at_once(monkeypatch):
    both = refused()
    assert "base_url was not passed and the environment variable CONVERZ_BASE_URL is not set" in both
    assert "api_key was not passed and the environment variable CONVERZ_API_KEY is not set" in both
    monkeypatch.setenv("CONVERZ_API_KEY", " ")
    assert "variable CONVERZ_API_KEY is empty" in refused()
    assert "CONVERZ_BASE_URL" not in refused(URL)
    monkeypatch.setenv("CONVERZ_API_KEY", SECRET)
    one = refused()
    assert "CONVERZ_BASE_URL is not set" in one
    assert "CONVERZ_API_KEY" not in one
    assert SECRET not in one


def test_a_refused_connection_to_this_machine_says_what_is_likely():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    client = converz.Client(f"http://127.0.0.1:{port}", SECRET, max_retries=0)
    with pytest.raises(converz.APIConnectionError, match="a sandbox that was there has stopped"):
        client.calls()


def test_a_client_keeps_its_sandbox():
    client = converz.Sandbox(calls=20, reps=3).client(max_retries=0)
    gc.collect()
    assert client.calls().num_rows == 20


@pytest.mark.parametrize(
    ("url", "base_url"),
    [
        ("https://acme.converz.co", "https://acme.converz.co/api/v1"),
        ("https://acme.converz.co/", "https://acme.converz.co/api/v1"),
        ("https://acme.converz.co/api/v1", "https://acme.converz.co/api/v1"),
        ("https://acme.converz.co/api/v1/", "https://acme.converz.co/api/v1"),
        ("https://docs.example.com/mock/v2", "https://docs.example.com/mock/v2"),
        ("https://ACME.converz.co:8443", "https://acme.converz.co:8443/api/v1"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/api/v1"),
        ("http://127.8.8.8", "http://127.8.8.8/api/v1"),
        ("http://localhost:8080/mock", "http://localhost:8080/mock"),
        ("http://[::1]:8080", "http://[::1]:8080/api/v1"),
    ],
)
def test_base_url(url, base_url):
    client = converz.Client(url, SECRET)
    assert client.settings["base_url"] == base_url
    assert repr(client) == f"Client({base_url!r})"


@pytest.mark.parametrize(
    "url",
    [
        "acme.converz.co",
        "ftp://acme.converz.co",
        "https://",
        "https://user:pass@acme.converz.co",
        "https://acme.converz.co?x=1",
        "https://acme.converz.co#x",
        "not a url",
        b"https://acme.converz.co",
        5,
    ],
    ids=repr,
)
def test_no_base_url(url):
    message = refused(url, SECRET)
    assert message.startswith("base_url")
    assert "pass@" not in message


@pytest.mark.parametrize(
    "url",
    ["http://acme.converz.co", "http://10.0.0.1", "http://localhost.evil.com", "http://127.0.0.1.nip.io"],
)
def test_plain_http_is_refused_to_other_machines(url):
    message = refused(url, SECRET)
    assert "plain http" in message
    assert "allow_http=True" in message
    assert "could be read on the way" in message
    assert converz.Client(url, SECRET, allow_http=True).settings["base_url"] == f"{url}/api/v1"


@pytest.mark.parametrize("key", ["two words", "\nkey", "schlüssel", "\x00", "\ud800", b"bytes", 5])
def test_no_key(key):
    message = refused(URL, key)
    assert message.startswith("api_key")
    assert str(key) not in message
    assert repr(key) not in message


@pytest.mark.parametrize("end", ["\n", "\r\n", " ", "\t \n"])
def test_white_space_behind_a_key_is_no_part_of_it(end):
    with converz.Sandbox(calls=1, reps=1) as sandbox:
        assert converz.Client(sandbox.url, sandbox.api_key + end).reps().num_rows == 1


@pytest.mark.parametrize("value", NO_SECONDS, ids=repr)
@pytest.mark.parametrize("name", SECONDS)
def test_no_time(name, value):
    message = refused(URL, SECRET, **{name: value})
    assert message.startswith(f"{name}=")
    assert "seconds above 0" in message


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in BAD for value in values],
    ids=lambda value: repr(value)[:30],
)
def test_no_setting(name, value):
    message = refused(URL, SECRET, **{name: value})
    assert name in message
    assert SECRET not in message


def test_a_ca_file_without_certificates(tmp_path):
    path = tmp_path / "empty.pem"
    path.write_text("nothing")
    assert str(path) in refused(URL, SECRET, ca_file=path)


def test_every_setting_has_a_bad_value_here():
    settings = set(inspect.signature(converz.Client).parameters) - {"base_url", "api_key"}
    assert settings == set(SECONDS) | {name for name, _ in BAD}
    assert settings == set(CHANGED) | {"ca_file"}


def test_settings_are_keyword_only_and_known():
    with pytest.raises(TypeError, match="positional"):
        converz.Client(URL, SECRET, 5)
    with pytest.raises(TypeError, match="retries"):
        converz.Client(URL, SECRET, retries=5)


def test_defaults_are_in_the_signature_and_in_force():
    shown = converz.Client(URL, SECRET).settings
    for name, parameter in inspect.signature(converz.Client).parameters.items():
        if parameter.default is not None:
            assert shown[name] == parameter.default, name
    assert shown["user_agent"] == f"converz/{converz.__version__}"
    assert shown["ca_file"] is None
    assert shown["proxy"] is None
    assert "api_key" not in shown


def test_settings_show_what_is_in_force():
    client = converz.Client(URL, SECRET, **CHANGED)
    assert {name: client.settings[name] for name in CHANGED} == CHANGED


def test_no_setting_is_none():
    """None means the default, so that a program can pass on what it was told."""
    client = converz.Client(URL, SECRET, timeout=None, page_size=None, proxy=None, lossy=None)
    assert client.settings == converz.Client(URL, SECRET).settings


def test_the_key_is_shown_nowhere(monkeypatch):
    client = converz.Client(URL, SECRET, proxy=f"http://user:{SECRET}@proxy.example.com")
    for text in (repr(client), str(client), f"{client}", repr(client.settings), repr(client._core)):
        assert SECRET not in text
    assert "proxy.example.com" in client.settings["proxy"]


def test_a_refused_setting_does_not_show_the_key():
    """Not even where a debugger, or an error service, shows the local variables of every frame of ours."""
    try:
        converz.Client(URL, SECRET, page_size=0)
    except converz.ConfigurationError as error:
        trace = traceback.TracebackException.from_exception(error, capture_locals=True)
        ours = [frame for frame in trace.stack if frame.filename != __file__]
        assert ours
        assert SECRET not in "".join(repr(frame.locals) for frame in ours)
        assert SECRET not in str(error)
        assert ours[0].locals is not None
        assert ours[0].locals["self"] == "Client()"
    else:
        pytest.fail("page_size=0 was accepted")


def test_a_client_whose_key_was_passed_does_not_pickle():
    with pytest.raises(converz.ConfigurationError, match="CONVERZ_API_KEY"):
        pickle.dumps(converz.Client(URL, SECRET))


def test_a_client_of_the_environment_pickles_without_its_key(monkeypatch, sandbox):
    monkeypatch.setenv("CONVERZ_API_KEY", sandbox.api_key)
    client = converz.Client(sandbox.url, page_size=77, max_retries=1)
    pickled = pickle.dumps(client)
    assert sandbox.api_key.encode() not in pickled
    again = pickle.loads(pickled)
    assert again.settings == client.settings
    assert again.reps(limit=1).num_rows == 1


def test_no_connection_before_the_first_request(sandbox):
    converz.Client(sandbox.url, sandbox.api_key)
    assert sandbox.requests == []
    # Nor would an address be looked up that does not exist.
    converz.Client("https://does-not-exist.invalid", SECRET)


def test_the_wrong_key(sandbox):
    with pytest.raises(converz.AuthenticationError) as caught:
        converz.Client(sandbox.url, SECRET).reps()
    assert SECRET not in str(caught.value)
    assert caught.value.status_code == 401
