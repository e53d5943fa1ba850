"""What the tests share: a small sandbox, what it was asked, Python in a process of its own, other services."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import pytest

import converz

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

TODAY = "2025-07-15"
PAGING = ("n_per_page", "page")
KEY = "key-of-the-tests"


@pytest.fixture
def sandbox() -> Iterator[converz.Sandbox]:
    """A contact centre of 300 conversations on 30 days, and 12 users."""
    with converz.Sandbox(calls=300, reps=12, days=30, today=TODAY, api_key=KEY) as sandbox:
        yield sandbox


@pytest.fixture
def client(sandbox):
    return sandbox.client()


@pytest.fixture
def asked(sandbox):
    """The parameters of the sandbox's requests so far, but those of paging."""

    def asked() -> list[list[tuple[str, str]]]:
        return [
            [pair for pair in parse_qsl(request["query"], keep_blank_values=True) if pair[0] not in PAGING]
            for request in sandbox.requests
        ]

    return asked


@pytest.fixture
def pages(sandbox):
    """The (page, n_per_page) of the sandbox's requests so far, in order of page."""

    def pages() -> list[tuple[int, int]]:
        queries = [dict(parse_qsl(request["query"])) for request in sandbox.requests]
        return sorted((int(query["page"]), int(query["n_per_page"])) for query in queries)

    return pages


@pytest.fixture
def run_python(tmp_path: Path):
    """Run Python code, or a command, in a process of its own that has no key and shows every warning."""

    def run(
        *arguments: str,
        code: str | None = None,
        env: dict[str, str] | None = None,
        blocked: Iterable[str] = (),
        timeout: float = 60,
        status: int | None = 0,
    ) -> subprocess.CompletedProcess[str]:
        environment = clean_environment() | (env or {})
        options = ["-W", "error"]
        if code is not None:
            options += ["-c", block_imports(blocked) + code]
        finished = subprocess.run(
            [sys.executable, *options, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if status is not None:
            assert finished.returncode == status, finished.stdout + finished.stderr
        return finished

    return run


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("CONVERZ_")}


def block_imports(libraries: Iterable[str]) -> str:
    """Code after which `libraries` seem not to be installed."""
    return f"""
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {set(libraries)!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocker())
"""


class Asked(NamedTuple):
    """A request that a service of `serve` got."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]


class Answer(NamedTuple):
    """What it answers: the body is sent as chunks of these pieces."""

    body: bytes | list[bytes] = b"[]"
    status: int = 200
    headers: dict[str, str] | None = None


@contextmanager
def serving(answer: Callable[[Asked], Answer]) -> Iterator[str]:
    """Serve `answer` on a port of 127.0.0.1; the value is its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            address = urlsplit(self.path)
            asked = Asked(self.command, address.path, dict(parse_qsl(address.query)), dict(self.headers))
            body, status, headers = answer(asked)
            self.send_response(status)
            for name, value in ({"Content-Type": "application/json"} | (headers or {})).items():
                self.send_header(name, value)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            try:
                for piece in [body] if isinstance(body, bytes) else body:
                    if piece:
                        self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                self.wfile.write(b"0\r\n\r\n")
            except OSError:
                pass  # The client has heard enough.

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass  # A connection that the client closed.

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def serve():
    """Start services that answer as a function says, and stop them after the test."""
    from contextlib import ExitStack

    with ExitStack() as stack:

        def serve(answer: Callable[[Asked], Answer]) -> str:
            return stack.enter_context(serving(answer))

        yield serve
