"""The web service of the guide, with a real server, real browsers and real disconnects."""

from __future__ import annotations

import json
import re
import socket
import threading
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.server import HANG, Request, Server

if TYPE_CHECKING:
    from collections.abc import Iterator

fastapi = pytest.importorskip("fastapi", reason="needs fastapi: pip install fastapi")
uvicorn = pytest.importorskip("uvicorn", reason="needs uvicorn: pip install uvicorn")

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "async.md"


@contextmanager
def running() -> Iterator[int]:
    """Serve the application of the guide; the value is its port."""
    [code] = re.findall(r"^```py\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    module: dict[str, object] = {"__name__": "guide"}
    exec(compile(code, str(GUIDE), "exec"), module)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(module["app"], log_level="critical"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def environment(monkeypatch):
    def environment(url: str, key: str) -> None:
        monkeypatch.setenv("CONVERZ_BASE_URL", url)
        monkeypatch.setenv("CONVERZ_API_KEY", key)

    return environment


def test_it_answers(sandbox, client, environment):
    environment(sandbox.url, sandbox.api_key)
    rep_id = client.reps(limit=1).to_pydict()["rep_id"][0]
    with running() as port:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/users/{rep_id}/calls") as answer:
            calls = json.load(answer)
    assert calls["call_id"] == client.calls(rep_id=rep_id, limit=10).to_pydict()["call_id"]


def test_a_browser_that_goes_away_ends_the_question(environment):
    asked, gone = threading.Event(), threading.Event()

    def handle(request: Request) -> None:
        asked.set()
        while request.connection.recv(4096):
            pass
        gone.set()

    with Server(handle) as service:
        environment(service.url, "key")
        with running() as port:
            with socket.create_connection(("127.0.0.1", port)) as browser:
                browser.sendall(b"GET /users/mila/calls HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                assert asked.wait(HANG)
                assert not gone.is_set()
            assert gone.wait(HANG)
