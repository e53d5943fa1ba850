"""`api_key` as a function: when it is called, what it may return, and where the key is not."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import threading
import traceback

import pytest

import converz
from support.service import Answer, serving

KEY = "key-of-a-function-0815"


def key_of_a_module() -> str:
    return KEY


def answering(seen: list[str]):
    def answer(asked) -> Answer:
        seen.append({name.lower(): value for name, value in asked.headers.items()}["x-api-key"])
        return Answer(json.dumps([{"call_id": 1}] if asked.query["page"] == "1" else []).encode())

    return serving(answer)


def test_it_is_called_when_a_connection_is_made():
    calls, seen = [], []

    def key() -> str:
        calls.append(threading.get_ident())
        return KEY

    with answering(seen) as url:
        client = converz.Client(url, api_key=key)
        assert calls == []
        for _ in range(3):
            assert client.calls().num_rows == 1
        with client.stream_calls() as stream:
            assert [batch.num_rows for batch in stream] == [1]
    assert len(calls) == 1
    assert set(seen) == {KEY}


def test_a_client_with_a_function_of_a_module_pickles():
    seen: list[str] = []
    with answering(seen) as url:
        pickled = pickle.dumps(converz.Client(url, api_key=key_of_a_module, page_size=7))
        assert KEY.encode() not in pickled
        client = pickle.loads(pickled)
        assert client.settings["page_size"] == 7
        assert client.calls().num_rows == 1
    assert set(seen) == {KEY}
    assert pickle.loads(pickle.dumps(client)).settings == client.settings
    with pytest.raises((pickle.PicklingError, AttributeError), match="local|lambda"):
        pickle.dumps(converz.Client(url, api_key=lambda: KEY))
    with pytest.raises(converz.ConfigurationError, match="a function of a module that returns the key"):
        pickle.dumps(converz.Client(url, api_key=KEY))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="has no fork")
def test_a_child_asks_for_its_own(tmp_path):
    code = """
import os
import converz
calls = []
def key():
    calls.append(os.getpid())
    return "k"
with converz.Sandbox(calls=5, reps=2, api_key="k") as sandbox:
    client = converz.Client(sandbox.url, api_key=key)
    assert client.calls().num_rows == 5
    child = os.fork()
    if child == 0:
        ok = client.calls().num_rows == 5 and calls[-1] == os.getpid() and len(calls) == 2
        os._exit(0 if ok else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert len(calls) == 1
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


WRONG = {
    "number": (lambda: 5, "returned a value of type int: it must return the key, a string"),
    "nothing": (lambda: None, "returned a value of type NoneType"),
    "empty": (lambda: "", "api_key is empty"),
    "line feed": (lambda: f"{KEY}\nX: y", "api_key has a character"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_it_returns_is_checked(case):
    function, message = WRONG[case]
    client = converz.Client("http://127.0.0.1:9", api_key=function)
    with pytest.raises(converz.ConfigurationError, match=message) as info:
        client.calls()
    assert KEY not in "".join(
        traceback.TracebackException.from_exception(info.value, capture_locals=True).format()
    )


def test_what_it_raises_is_raised_and_it_is_asked_again():
    answers = [OSError("the store is locked"), KEY]

    def key() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with answering([]) as url:
        client = converz.Client(url, api_key=key)
        with pytest.raises(OSError, match="the store is locked"):
            client.calls()
        assert client.calls().num_rows == 1


def test_the_key_is_shown_nowhere():
    def answer(_) -> Answer:
        return Answer(json.dumps({"error": f"no such key: {KEY}", "code": "c"}).encode(), 401)

    with serving(answer) as url:
        client = converz.Client(url, api_key=key_of_a_module)
        with pytest.raises(converz.AuthenticationError) as info:
            client.calls()
    shown = "".join(traceback.TracebackException.from_exception(info.value, capture_locals=True).format())
    assert KEY not in shown
    assert "[api_key]" in shown
    assert KEY not in repr(client) + repr(client.settings)


def test_settings_are_checked_at_once_all_the_same():
    with pytest.raises(converz.ConfigurationError, match="ca_file"):
        converz.Client("https://a.example", api_key=key_of_a_module, ca_file="/nowhere/at-all.pem")
    with pytest.raises(converz.ConfigurationError, match="base_url is a function|base_url"):
        converz.Client(key_of_a_module, api_key=KEY)


def test_threads_that_begin_together_all_get_an_answer():
    seen: list[str] = []
    begin = threading.Barrier(4)

    def key() -> str:
        return KEY

    with answering(seen) as url:
        client = converz.Client(url, api_key=key)
        rows = []

        def read() -> None:
            begin.wait()
            rows.append(client.calls().num_rows)

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert rows == [1] * 4
