"""A sandbox for the whole session, and a service whose pages a test writes itself."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

import converz

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session")
def centre() -> Iterator[converz.Sandbox]:
    """A contact centre up to a fixed day. Its numbers of rows cannot be caps, so every read is one page."""
    with converz.Sandbox(calls=3_001, reps=41, days=60, today="2025-07-15") as sandbox:
        yield sandbox


class Service:
    """Answers `GET` with the pages of a script, as JSON text or a status, or with what a function says of the query.

    Later pages are empty.
    """

    def __init__(self) -> None:
        self.pages: list[str | int | Callable[[dict[str, list[str]]], str]] = []
        self.queries: list[dict[str, list[str]]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)
                service.queries.append(query)
                page = int(query.get("page", ["1"])[0])
                answer = service.pages[page - 1] if page <= len(service.pages) else "[]"
                if callable(service.pages[0]):
                    answer = service.pages[0](query)
                body = (answer if isinstance(answer, str) else '{"error": "broken", "code": "x"}').encode()
                self.send_response(200 if isinstance(answer, str) else answer)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def client(self, *pages: object, **settings: object) -> converz.Client:
        """A client of a service with these pages, by default of one that asks for a page after the other."""
        self.pages[:] = pages
        self.queries.clear()
        url = f"http://127.0.0.1:{self._server.server_port}"
        return converz.Client(url, "key", **{"max_concurrency": 1, "max_retries": 0, **settings})

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture(scope="session")
def _service() -> Iterator[Service]:
    service = Service()
    yield service
    service.stop()


@pytest.fixture
def service(_service: Service) -> Service:
    return _service
