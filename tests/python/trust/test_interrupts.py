"""Ctrl-C raises KeyboardInterrupt within half a second, whatever the client is doing."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import zlib
from typing import TYPE_CHECKING

import pytest

from support.script import PROGRAMS, environment
from support.server import Request, Server

if TYPE_CHECKING:
    from pathlib import Path

LONGEST = 0.5
"""Seconds, as the documentation promises."""

PAGE = [{"call_id": number} for number in range(1, 11)]


def bomb(level: int) -> bytes:
    """Few bytes that are a page of 200 megabytes, of escapes, since they take longest to decode."""
    row = b'{"call_id": 1, "text": "' + rb"\n" * 50_000 + b'"},'
    packer = zlib.compressobj(level, wbits=31)
    parts = [packer.compress(b"[")]
    million = row * 10
    parts += [packer.compress(million) for _ in range(200)]
    return b"".join([*parts, packer.compress(b"{}]"), packer.flush()])


class Service:
    """A service that stalls in whatever phase is wanted, but always answers for reps."""

    def __init__(self) -> None:
        self.phase = ""
        self.posts = 0
        self.bomb = b""
        self.gone = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, request: Request) -> None:
        if request.operation == "reps":
            request.rows([{"rep_id": "a"}])
        else:
            getattr(self, self.phase.replace(" ", "_"))(request)

    def first_byte(self, request: Request) -> None:
        request.server.stalled.set()
        # Until the client has gone.
        if not request.connection.recv(1):
            self.gone.set()

    def body(self, request: Request) -> None:
        request.begin(json.dumps(PAGE).encode()[:-1])
        request.stall()

    def endless_body(self, request: Request) -> None:
        request.begin(b"[")
        request.server.stalled.set()
        while True:
            request.send(b'{"call_id": 1, "text": "some text"},' * 1000)

    def back_off(self, request: Request) -> None:
        request.answer(b"", "503 Service Unavailable", Retry_After="600")
        request.server.stalled.set()

    def decode(self, request: Request) -> None:
        request.answer(self.bomb, Content_Encoding="gzip")
        request.server.stalled.set()

    def second_page(self, request: Request) -> None:
        if request.page == 1:
            request.rows(PAGE)
        else:
            request.stall()

    def late_page(self, request: Request) -> None:
        if request.page == 1:
            request.rows(PAGE)
        else:
            request.server.stalled.set()
            self.go_on.wait(20)
            request.rows([])

    def update(self, request: Request) -> None:
        self.posts += 1
        if self.posts <= 2:
            request.rows({})
        else:
            request.stall()


class Program:
    """The program that is interrupted."""

    def __init__(self, url: str, errors: Path, script: str = "interrupted.py") -> None:
        self.errors = errors
        self.stderr = errors.open("w")
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAMS / script), url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.stderr,
            text=True,
            env=environment(),
        )

    def tell(self, do: str, url: str | None = None, **more: str) -> None:
        self.process.stdin.write(json.dumps({"do": do, "url": url, **more}) + "\n")
        self.process.stdin.flush()

    def answer(self) -> dict:
        line = self.process.stdout.readline()
        assert line, f"the program has ended: {self.errors.read_text()[-2000:]}"
        return json.loads(line)

    def interrupt(self, number: int = signal.SIGINT) -> dict:
        """Interrupt it, and return what it says, with the seconds until then."""
        sent = time.monotonic()
        os.kill(self.process.pid, number)
        answer = self.answer()
        answer["seconds"] = answer.get("at", sent + 1000) - sent
        return answer

    def close(self) -> None:
        # What the pipe still holds is of no use to a program that has ended.
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()
        self.stderr.close()


@pytest.fixture(scope="module")
def service():
    return Service()


@pytest.fixture(scope="module")
def server(service):
    with Server(service) as server:
        yield server


@pytest.fixture
def program(server, programs, tmp_path_factory):
    return programs(lambda: Program(server.url, tmp_path_factory.mktemp("program") / "errors"))


def check(answer: dict) -> None:
    assert answer["raised"] == "KeyboardInterrupt", answer
    assert "again" not in answer, answer
    assert answer["seconds"] < LONGEST, answer
    assert answer["works"] == 1, answer


@pytest.mark.parametrize(
    ("phase", "do"),
    [
        ("first byte", "calls"),
        ("first byte", "report"),
        ("body", "calls"),
        ("body", "report"),
        ("endless body", "calls"),
        ("back off", "calls"),
        ("second page", "calls"),
        ("second page", "loop"),
        ("second page", "pyarrow"),
        ("second page", "pyarrow reader"),
        ("second page", "polars"),
    ],
)
def test_a_read_is_interrupted(program, server, service, phase, do):
    service.phase = phase
    program.tell(do)
    server.wait_until_stalled()
    time.sleep(0.1)
    check(program.interrupt())


def test_a_query_is_interrupted(program, server, service):
    service.phase = "second page"
    program.tell("duckdb")
    server.wait_until_stalled()
    time.sleep(0.1)
    answer = program.interrupt()
    # Where duckdb sees the signal first, it says in its own way what it says of every query.
    if answer["raised"] == "RuntimeError":
        assert answer["text"] == "Query interrupted"
        answer["raised"] = "KeyboardInterrupt"
    check(answer)


IS_POLARS_1 = int(pytest.importorskip("polars").__version__.split(".")[0]) < 2


@pytest.mark.parametrize(
    ("phase", "do"),
    [
        ("first byte", "scan"),
        ("first byte", "scan join"),
        ("body", "scan"),
        ("endless body", "scan"),
        ("back off", "scan"),
        ("second page", "scan"),
        ("second page", "scan head"),
        ("second page", "scan join"),
        *[
            pytest.param(phase, do, marks=pytest.mark.skipif(IS_POLARS_1, reason="what polars 2 can do"))
            for phase, do in (
                *itertools.product(("first byte", "second page"), ("scan streaming", "scan batches")),
                ("second page", "late scan join"),
            )
        ],
    ],
)
def test_a_scan_is_interrupted_and_says_so_once(program, server, service, phase, do):
    service.phase = phase
    printed = program.errors.read_text()
    # Now and then polars drops a source in a thread of its own; then Python raises after polars, as it always does
    # after other queries of polars.
    for _ in range(3):
        service.gone.clear()
        server.stalled.clear()
        program.tell(do)
        server.wait_until_stalled()
        time.sleep(0.1)
        answer = program.interrupt()
        if IS_POLARS_1 and do == "scan join":
            # It makes an error of its own of what happens in its threads, and Python raises its at once.
            assert answer["raised"] == "ComputeError"
            assert "KeyboardInterrupt" in answer["text"]
            answer["raised"] = answer.pop("again")
        if "again" not in answer:
            break
    check(answer)
    assert program.errors.read_text() == printed
    if phase == "first byte":
        assert service.gone.wait(5), "the request went on"
    # A second source may have asked too.
    server.stalled.clear()


@pytest.mark.skipif(IS_POLARS_1, reason="what polars 2 can do")
def test_what_polars_keeps_as_it_stands_is_ended_too(server, service, tmp_path):
    """It has the only connection that the client may use, which then reads something else."""
    service.phase = "second page"
    server.stalled.clear()
    # A process of its own, since polars raises each Ctrl-C twice once something of a query is left.
    program = Program(server.url, tmp_path / "errors")
    try:
        program.tell("kept scan")
        server.wait_until_stalled()
        time.sleep(0.1)
        check(program.interrupt())
    finally:
        program.close()


# One that is whole before it is unpacked, and one that arrives while it is.
@pytest.mark.parametrize(("level", "size"), [(9, range(256 << 10)), (1, range(256 << 10, 2 << 20))])
def test_decoding_is_interrupted(program, server, service, level, size):
    service.phase = "decode"
    service.bomb = bomb(level)
    assert len(service.bomb) in size
    program.tell("report")
    server.wait_until_stalled()
    time.sleep(0.1)
    check(program.interrupt())
    program.tell("rest")
    assert program.answer()["seconds"] < 1.5


def test_an_update_is_interrupted_and_can_be_finished(program, server, service):
    service.phase = "update"
    service.posts = 0
    program.tell("update")
    server.wait_until_stalled()
    answer = program.interrupt()
    check(answer)
    assert answer["committed"] == [[0, 2]]
    assert answer["in_doubt"] == [[2, 3]]
    assert answer["unsent"] == [[3, 4]]
    assert answer["remaining"] == [3, 4]


def test_an_update_that_its_progress_stops_is_accounted_for(program, server, service):
    service.phase = "update"
    service.posts = 0
    program.tell("update from progress")
    answer = program.answer()
    assert answer["raised"] == "ZeroDivisionError"
    assert answer["committed"][0][0] == 0
    assert answer["remaining"] == list(range(1 + answer["committed"][0][1], 5))


@pytest.mark.parametrize("do", ["calls", "scan"])
def test_connecting_is_interrupted(program, do):
    # A queue of connections that is full, and nobody takes any.
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        program.tell(do, f"http://127.0.0.1:{listener.getsockname()[1]}")
        time.sleep(0.3)
        check(program.interrupt())


def test_the_tls_handshake_is_interrupted(program):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        program.tell("calls", f"https://127.0.0.1:{listener.getsockname()[1]}")
        connection, _ = listener.accept()
        with connection:
            assert connection.recv(1)
            check(program.interrupt())


def test_no_thread_is_left(program):
    program.tell("threads")
    assert program.answer() == {"threads": 2}
