"""A server on 127.0.0.1 that answers each request with exactly the bytes that a test wants."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

HANG = 30
"""Seconds after which a stalled answer ends even if its test has forgotten it."""


@dataclass
class Request:
    """One request as it arrived, and the means to answer it."""

    server: Server
    connection: socket.socket
    method: str
    target: str
    head: bytes
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def operation(self) -> str:
        return self.path.rsplit("/", 1)[-1]

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}

    @property
    def page(self) -> int:
        return int(self.query.get("page", "1"))

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def answer(
        self,
        body: bytes,
        status: str = "200 OK",
        content_type: str | None = "application/json",
        **headers: str,
    ) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
        if content_type is not None:
            lines.append(f"Content-Type: {content_type}")
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def rows(self, rows: Any) -> None:
        self.answer(json.dumps(rows).encode())

    def begin(self, part: bytes, length: int = 1 << 30) -> None:
        """Send the beginning of a longer body."""
        self.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % length)
        self.send(part)

    def cut(self) -> None:
        """Close the connection."""
        self.connection.shutdown(socket.SHUT_RDWR)

    def stall(self) -> None:
        """Say that a client waits now, and let it wait."""
        self.server.stalled.set()
        self.server.closing.wait(HANG)


def serve_rows(rows: list[dict[str, Any]]) -> Callable[[Request], None]:
    """Answer like the service: the rows, page by page."""

    def handle(request: Request) -> None:
        size = int(request.query.get("n_per_page", "10"))
        start = (request.page - 1) * size
        request.rows(rows[start : start + size])

    return handle


@dataclass
class Server:
    """Runs until it is closed. `handle` is called for each request, in a thread a connection."""

    handle: Callable[[Request], None]
    tls: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)
    """Every byte that came."""

    def __post_init__(self) -> None:
        self.stalled = threading.Event()
        self.closing = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"
        self._connections: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.closing.set()
        for connection in [self.listener, *self._connections]:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def wait_until_stalled(self) -> None:
        assert self.stalled.wait(HANG), "no request came"
        self.stalled.clear()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        # Clients that have seen enough close the connection, and tests end in the middle of an answer.
        with contextlib.suppress(OSError, ValueError):
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
                self._connections.append(connection)
            with connection, connection.makefile("rb") as reader:
                while request := self._read(connection, reader):
                    self.requests.append(request)
                    self.handle(request)

    def _read(self, connection: socket.socket, reader: Any) -> Request | None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = reader.readline()
            if not line:
                return None
            head += line
        self.received.append(head)
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {
            name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines if line)
        }
        body = reader.read(int(headers.get("content-length", "0")))
        self.received.append(body)
        return Request(self, connection, method, target, head, headers, body)
