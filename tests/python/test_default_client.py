"""The verbs as functions of the module, on a client from the environment."""

from __future__ import annotations

import inspect
import pydoc
import threading
import time

import pytest

import converz
from converz._client import default_client

VERBS = ["calls", "reps", "report", "stream_calls", "stream_reps", "update_calls", "update_reps"]


@pytest.fixture
def environment(monkeypatch, sandbox):
    monkeypatch.setenv("CONVERZ_BASE_URL", sandbox.url)
    monkeypatch.setenv("CONVERZ_API_KEY", sandbox.api_key)
    monkeypatch.setattr(default_client, "_client", None)
    return sandbox


def test_every_verb(environment):
    assert converz.calls(limit=3).num_rows == 3
    assert converz.reps().num_rows == 12
    assert converz.report(groupby="campaign").num_rows > 1
    with converz.stream_calls(columns="call_id") as stream:
        assert sum(batch.num_rows for batch in stream) == 300
    with converz.stream_reps() as stream:
        assert sum(batch.num_rows for batch in stream) == 12
    assert converz.update_calls({"call_id": [1], "checked": [True]}).cells == 1
    rep_id = converz.reps(limit=1).to_pydict()["rep_id"]
    assert len(converz.update_reps({"rep_id": rep_id, "team": ["A"]}, dry_run=True)) == 1


def test_the_client_is_made_at_first_use(run_python, sandbox):
    code = """
import os, converz
from converz._client import default_client
assert default_client._client is None
try:
    converz.reps()
except converz.ConfigurationError as error:
    assert "CONVERZ_" in str(error)
else:
    raise AssertionError
os.environ.update(CONVERZ_BASE_URL=url, CONVERZ_API_KEY=key)
print(converz.reps().num_rows)
client = default_client._client
converz.reps()
assert default_client._client is client
"""
    code = f"url, key = {sandbox.url!r}, {sandbox.api_key!r}\n{code}"
    assert run_python(code=code).stdout == "12\n"


def test_the_client_is_made_anew_when_the_environment_changes(environment, monkeypatch):
    monkeypatch.setenv("CONVERZ_API_KEY", "a-wrong-key")
    with pytest.raises(converz.AuthenticationError):
        converz.reps()
    monkeypatch.setenv("CONVERZ_API_KEY", environment.api_key)
    assert converz.reps().num_rows == 12
    client = default_client._client
    assert converz.reps().num_rows == 12
    assert default_client._client is client
    monkeypatch.setenv("CONVERZ_BASE_URL", environment.url + "/api/v2")
    with pytest.raises(converz.NotFoundError):
        converz.reps()


def test_one_client_for_all_threads(environment, monkeypatch):
    made = []

    class Counting(converz.Client):
        def __init__(self):
            made.append(self)
            time.sleep(0.02)  # Long enough for the others to come in the way, were they let.
            super().__init__()

    monkeypatch.setattr(default_client, "Client", Counting)
    start = threading.Barrier(8)

    def read():
        start.wait()
        converz.reps(limit=1)

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert len(environment.requests) == 8


@pytest.mark.parametrize("verb", VERBS)
def test_signatures_and_documentation_are_those_of_the_method(verb):
    function, method = getattr(converz, verb), getattr(converz.Client, verb)
    assert inspect.isfunction(function)
    parameters = dict(inspect.signature(method).parameters)
    del parameters["self"]
    assert dict(inspect.signature(function).parameters) == parameters
    assert function.__doc__ == method.__doc__
    assert (function.__module__, function.__qualname__, function.__name__) == ("converz", verb, verb)


def test_help_shows_the_names_of_the_api():
    text = pydoc.render_doc(converz.calls, renderer=pydoc.plaintext)
    head = text.partition("List conversations")[0]
    for name in (
        "start_date",
        "end_date",
        "after",
        "before",
        "metric",
        "rep_id",
        "vendor_call_id",
        "columns",
    ):
        assert f"{name}: " in head
    assert "limit: 'int | None' = None" in head or "limit: int | None = None" in head
    assert "self" not in text
    for section in ("Args:", "Returns:", "Raises:", "Warns:", "Example:"):
        assert section in text
