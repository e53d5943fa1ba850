"""The web services of the guide and of the README, with a real server, real browsers and real disconnects."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import socket
import sys
import threading
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.processes import clean_environment, started
from support.server import HANG, Request, Server

if TYPE_CHECKING:
    from collections.abc import Iterator

fastapi = pytest.importorskip("fastapi", reason="needs fastapi: pip install fastapi")
uvicorn = pytest.importorskip("uvicorn", reason="needs uvicorn: pip install uvicorn")

ROOT = Path(__file__).parents[3]
PAGES = (ROOT / "docs" / "guides" / "async.md", ROOT / "README.md")


def code_of(page: Path) -> str:
    [code] = re.findall(r"^```py\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return code


@contextmanager
def running(page: Path) -> Iterator[int]:
    """Serve the application of a page; the value is its port."""
    module: dict[str, object] = {"__name__": "guide"}
    exec(compile(code_of(page), str(page), "exec"), module)
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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_it_answers(page, sandbox, client, environment):
    environment(sandbox.url, sandbox.api_key)
    rep_id = client.reps(limit=1).to_pydict()["rep_id"][0]
    with running(page) as port:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/users/{rep_id}/calls") as answer:
            calls = json.load(answer)
    assert calls["call_id"] == client.calls(rep_id=rep_id, limit=10).to_pydict()["call_id"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_browser_that_goes_away_ends_the_question(page, environment):
    asked, gone = threading.Event(), threading.Event()

    def handle(request: Request) -> None:
        asked.set()
        while request.connection.recv(4096):
            pass
        gone.set()

    with Server(handle) as service:
        environment(service.url, "key")
        with running(page) as port:
            with socket.create_connection(("127.0.0.1", port)) as browser:
                browser.sendall(b"GET /users/mila/calls HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                assert asked.wait(HANG)
                assert not gone.is_set()
            assert gone.wait(HANG)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="gunicorn forks")
@pytest.mark.parametrize("preload", [True, False], ids=["made before the fork", "made after it"])
def test_workers_of_gunicorn(preload, sandbox, client, tmp_path):
    """Two processes, which have the application from before they were forked, or make their own."""
    pytest.importorskip("gunicorn", reason="needs gunicorn: pip install gunicorn")
    (tmp_path / "service.py").write_text(
        code_of(ROOT / "README.md")
        + '\n\n@app.get("/process")\ndef process():\n    import os\n\n    return os.getpid()\n'
    )
    rep_id = client.reps(limit=1).to_pydict()["rep_id"][0]
    expected = client.calls(rep_id=rep_id, limit=10).to_pydict()["call_id"]
    # In `--preload` the client has connected before, as a program's would that asks for something at its start.
    if preload:
        with (tmp_path / "service.py").open("a") as file:
            file.write("\nasyncio.run(client.reps(limit=1))\n")
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "--workers",
        "2",
        "--bind",
        "127.0.0.1:0",
        "--chdir",
        str(tmp_path),
    ]
    command += [
        "--worker-class",
        "uvicorn_worker.UvicornWorker" if has_worker() else "uvicorn.workers.UvicornWorker",
    ]
    command += ["--worker-tmp-dir", str(tmp_path), *(["--preload"] if preload else []), "service:app"]
    environment = clean_environment() | {
        "CONVERZ_BASE_URL": sandbox.url,
        "CONVERZ_API_KEY": sandbox.api_key,
        "PYTHONWARNINGS": "ignore",
    }
    with started(command, environment) as process:
        port = None
        while port is None:
            line = process.stderr.readline()
            assert line, "gunicorn ended"
            port = (re.findall(r"Listening at: http://127\.0\.0\.1:(\d+)", line) or [None])[0]
        url, processes = f"http://127.0.0.1:{port}", set()
        for _ in range(200):
            with urllib.request.urlopen(f"{url}/process", timeout=HANG) as answer:
                processes.add(json.load(answer))
            with urllib.request.urlopen(f"{url}/users/{rep_id}/calls", timeout=HANG) as answer:
                assert json.load(answer)["call_id"] == expected
            if len(processes) == 2:
                break
        process.terminate()
        process.wait(HANG)
    assert processes
    assert process.pid not in processes


def has_worker() -> bool:
    return importlib.util.find_spec("uvicorn_worker") is not None
