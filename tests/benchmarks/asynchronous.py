"""What an event loop gets: how long it pauses, how much slower a call is, how many sockets there are, how soon all ends.

A million rows are read while a task ticks, a few times: the shortest of the longest pauses counts, since what the machine's
other programs do comes once and what we do comes each time; small calls are made in turn by `Client` and `AsyncClient`, to a service
that takes two milliseconds, as the nearest ones of a network do, and to one that takes none, where what the loop itself takes shows; a thousand calls are
made at once while a proxy in between counts their connections; calls are cancelled while a service holds them; and pytest
says how long the fixture `converz_client` takes. Each has a process of its own.

Run `python tests/benchmarks/asynchronous.py [rows]` on a release build. It ends with status 1 if a requirement fails. With
`--quick` instead of a number it goes through all of it with a few rows, and judges nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from itertools import pairwise
from pathlib import Path

ROWS = 1_000_000
QUICK_ROWS = 5_000
PAGE = 10_000
ROUNDS = 300
AT_ONCE = 1_000
CONNECTIONS = 20
CANCELLED = 20
TESTS = 20

READS = 5
NETWORK = 0.002

PAUSE = 0.020
LATENCY = 1.1
FIXTURE = 0.020
CANCEL = 0.100

TEST = """
import pytest

@pytest.mark.parametrize("number", range({count}))
def test_rows(converz_client, number):
    assert converz_client.calls(limit=1).num_rows == 1
"""


CONFTEST = """
from pathlib import Path

def pytest_runtest_logreport(report):
    if report.when == "setup":
        with Path("took").open("a") as file:
            print(report.duration, file=file)
"""


def of_rows(rows: int) -> bytes:
    one = '{{"call_id":{0},"rep_id":"rep{1}","campaign":"sales","duration_s":{1},"csat":{2}}}'
    # All of nine digits, so that those before them make keys of other pages.
    keys = range(100_000_000, 100_000_000 + rows)
    return f"[{','.join(one.format(key, key % 50, key % 5) for key in keys)}]".encode()


class Service:
    """Answers pages from memory, so that it costs little beside what is measured, until there are no rows."""

    def __init__(self, rows: int, way: str) -> None:
        self.rows, self.hold, self.takes = rows, way == "hold", NETWORK if way == "far" else 0
        self.page = of_rows(min(rows, PAGE))
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()
        self.asked, self.gone = threading.Event(), threading.Event()
        self.gone_at = 0.0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=2_000)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            connection, _ = self.listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with self.lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        with connection, contextlib.suppress(OSError), connection.makefile("rb") as stream:
            while line := stream.readline():
                while stream.readline() not in (b"\r\n", b""):
                    pass
                self.asked.set()
                if self.hold:
                    connection.recv(1)
                    self.gone_at = time.perf_counter()
                    self.gone.set()
                    return
                self._answer(connection, line)
        with self.lock:
            self.at_once -= 1

    def _answer(self, connection: socket.socket, line: bytes) -> None:
        number = int(re.search(rb"[?&]page=(\d+)", line)[1])
        size = int(re.search(rb"n_per_page=(\d+)", line)[1])
        body = b"[]"
        if (number - 1) * size < self.rows:
            body = self.page if size >= PAGE else of_rows(size)
            body = body.replace(b'"call_id":', b'"call_id":%d' % number) if number > 1 else body
        if self.takes:
            time.sleep(self.takes)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        connection.sendall(head + body)


def serving(rows: int, way: str) -> None:
    """Serve in a process of its own, so that its Python does not hold up the loop.

    It says its address, and for each line that it gets what it counted.
    """
    service = Service(rows, way)
    print(service.url, flush=True)
    for _ in sys.stdin:
        if service.hold:
            service.gone.wait(10)
            # Clocks of the processes of a machine are the same one.
            print(service.gone_at, flush=True)
            service.gone.clear()
        else:
            print(service.most_at_once, flush=True)


@contextlib.contextmanager
def served(rows: int = 0, way: str = ""):
    command = [sys.executable, __file__, "--serve", str(rows), way]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def ask() -> float:
            process.stdin.write("\n")
            process.stdin.flush()
            return float(process.stdout.readline())

        try:
            yield process.stdout.readline().strip(), ask
        finally:
            process.kill()


def pause(rows: int) -> dict[str, float]:
    """Read, and take the longest time that a task waited that only wants to go on."""
    import converz

    with served(rows) as (url, _):

        async def ticking(ticks: list[float]) -> None:
            while True:
                await asyncio.sleep(0.001)
                ticks.append(time.perf_counter())

        async def main() -> dict[str, float]:
            client = converz.AsyncClient(url, "none", page_size=PAGE, last_page="short")
            await client.calls(limit=10)

            async def longest(work) -> tuple[float, float]:
                ticks = [time.perf_counter()]
                task = asyncio.ensure_future(ticking(ticks))
                await work
                ticks.append(time.perf_counter())
                task.cancel()
                return max(b - a for a, b in pairwise(ticks)), ticks[-1] - ticks[0]

            async def read() -> None:
                table = await client.calls(progress=False)
                assert table.num_rows == rows, table.num_rows

            async def stream() -> None:
                async with client.stream_calls(progress=False) as batches:
                    assert sum([batch.num_rows async for batch in batches]) == rows

            found: dict[str, float] = {}
            for _ in range(READS):
                table, seconds = await longest(read())
                batches, _ = await longest(stream())
                # What the machine's other programs do to a loop that has nothing to do.
                idle, _ = await longest(asyncio.sleep(seconds))
                for name, took in (
                    ("table", table),
                    ("stream", batches),
                    ("idle", idle),
                    ("seconds", seconds),
                ):
                    found[name] = min(took, found.get(name, took))
            return found

        return asyncio.run(main())


def latency(rounds: int) -> dict[str, float]:
    """Make small calls in turn, so that what else the machine does meets both alike."""
    import converz

    def of(way: str) -> tuple[float, float]:
        with served(PAGE, way) as (url, _):
            return compared(url)

    def compared(url: str) -> tuple[float, float]:
        client = converz.Client(url, "none")
        its = converz.AsyncClient(url, "none")

        def sync() -> float:
            begin = time.perf_counter()
            client.calls(limit=10, progress=False)
            return time.perf_counter() - begin

        async def main() -> tuple[float, float]:
            ours, theirs = [], []
            for _ in range(rounds):
                begin = time.perf_counter()
                await its.calls(limit=10, progress=False)
                ours.append(time.perf_counter() - begin)
                theirs.append(sync())
            return statistics.median(ours), statistics.median(theirs)

        return asyncio.run(main())

    found = {}
    for way in ("far", "near"):
        found[f"async {way}"], found[f"sync {way}"] = of(way)
    return found


def sockets(count: int) -> dict[str, float]:
    """Ask for the calls of as many agents at once."""
    import converz

    with served(PAGE) as (url, most_at_once):

        async def main() -> int:
            client = converz.AsyncClient(url, "none", max_connections=CONNECTIONS)
            asked = [client.calls(rep_id=f"rep{one}", limit=10, progress=False) for one in range(count)]
            return sum(table.num_rows for table in await asyncio.gather(*asked))

        begin = time.perf_counter()
        assert asyncio.run(main()) == 10 * count
        return {"sockets": most_at_once(), "seconds": time.perf_counter() - begin}


def cancelling(count: int) -> dict[str, float]:
    """Cancel tasks whose service does not answer, until it sees that they have gone."""
    import converz

    with served(way="hold") as (url, gone_at):

        async def main() -> list[float]:
            took = []
            for _ in range(count):
                client = converz.AsyncClient(url, "none")
                task = asyncio.ensure_future(client.calls(progress=False))
                await asyncio.sleep(0.05)
                begin = time.perf_counter()
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
                took.append(await asyncio.to_thread(gone_at) - begin)
            return took

        took = asyncio.run(main())
        return {"median": statistics.median(took), "longest": max(took)}


def fixture(count: int) -> dict[str, float]:
    """Have pytest say how long the fixtures of tests take, after the first, which makes the data."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_rows.py").write_text(TEST.format(count=count), encoding="utf-8")
        Path(folder, "conftest.py").write_text(CONFTEST, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", folder]
        run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)
        took = [float(line) for line in Path(folder, "took").read_text(encoding="utf-8").split()]
    assert len(took) == count, run.stdout
    return {"median": statistics.median(took), "first": max(took)}


CASES = {"pause": pause, "latency": latency, "sockets": sockets, "cancelling": cancelling, "fixture": fixture}


def case(name: str, size: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--case", name, str(size)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def main(rows: int, *, judged: bool = True) -> int:
    few = 1 if judged else 10
    failed = False

    def verdict(what: str, holds: bool) -> None:
        nonlocal failed
        if judged:
            print(f"    {'ok  ' if holds else 'FAIL'} {what}")
            failed |= not holds

    took = case("pause", rows)
    print(f"longest pause of the loop while {rows:,} rows are read in {took['seconds']:.2f} s:", end=" ")
    print(
        f"{ms(took['table'])} for a table, {ms(took['stream'])} for a stream, {ms(took['idle'])} with nothing to do"
    )
    verdict(f"below {ms(PAUSE)}", max(took["table"], took["stream"]) < PAUSE)

    took = case("latency", ROUNDS // few)
    for way, what in (("far", f"a service that takes {ms(NETWORK)}"), ("near", "one that takes no time")):
        ours, theirs = took[f"async {way}"], took[f"sync {way}"]
        print(
            f"a small call of {what}: {ms(ours, 2)} awaited, {ms(theirs, 2)} by Client, {ours / theirs:.2f} times"
        )
        if way == "far":
            verdict(f"at most {LATENCY} times", ours / theirs <= LATENCY)

    took = case("sockets", AT_ONCE // few)
    print(
        f"{AT_ONCE // few:,} calls at once in {took['seconds']:.2f} s: at most {took['sockets']:.0f} sockets at a time"
    )
    verdict(f"at most max_connections={CONNECTIONS}", took["sockets"] <= CONNECTIONS)

    took = case("cancelling", CANCELLED // (few if few == 1 else 5))
    print(
        f"from cancelling a task to its closed connection: {ms(took['median'])} median, {ms(took['longest'])} longest"
    )
    verdict(f"below {ms(CANCEL)}", took["longest"] < CANCEL)

    took = case("fixture", TESTS // (few if few == 1 else 5))
    print(
        f"the fixture converz_client of a test: {ms(took['median'])}, {ms(took['first'])} where the data are made"
    )
    verdict(f"below {ms(FIXTURE)}", took["median"] < FIXTURE)
    return int(failed)


def ms(seconds: float, digits: int = 1) -> str:
    return f"{seconds * 1_000:.{digits}f} ms"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serving(int(sys.argv[2]), sys.argv[3])
    elif sys.argv[1:2] == ["--case"]:
        json.dump(CASES[sys.argv[2]](int(sys.argv[3])), sys.stdout)
    elif sys.argv[1:] == ["--quick"]:
        sys.exit(main(QUICK_ROWS, judged=False))
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS))
