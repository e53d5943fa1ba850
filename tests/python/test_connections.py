"""How many sockets a client has."""

from __future__ import annotations

import asyncio
import threading

import pytest

import converz
from support.server import Request, Server

ROWS = [{"call_id": number, "rep_id": "a"} for number in range(10)]


class Counting(Server):
    """Knows how many connections there are, and were at most."""

    def __post_init__(self) -> None:
        self.lock = threading.Lock()
        self.open = self.most = 0
        super().__post_init__()

    def _serve(self, connection) -> None:
        with self.lock:
            self.open += 1
            self.most = max(self.most, self.open)
        try:
            super()._serve(connection)
        finally:
            with self.lock:
                self.open -= 1


@pytest.mark.parametrize(("concurrency", "connections"), [(4, 100), (64, 8), (8, 8), (64, 1)])
def test_a_thousand_small_questions_take_no_more_connections_than_are_allowed(concurrency, connections):
    with Counting(lambda request: request.rows(ROWS)) as server:

        async def main() -> None:
            client = converz.AsyncClient(
                server.url, "key", max_concurrency=concurrency, max_connections=connections
            )
            tables = await asyncio.gather(*(client.calls(rep_id="a", limit=10) for _ in range(1_000)))
            assert {table.num_rows for table in tables} == {10}

        asyncio.run(main())
        assert 1 <= server.most <= min(concurrency + 1, connections)


def test_updates_count_too():
    at_once = threading.Semaphore(2)

    def handle(request: Request) -> None:
        assert at_once.acquire(blocking=False), "a third one is on its way"
        request.answer(b'{"updated":1}')
        at_once.release()

    with Counting(handle) as server:

        async def main() -> None:
            client = converz.AsyncClient(server.url, "key", max_connections=2)
            updates = (client.update_calls({"call_id": [one], "tier": ["a"]}) for one in range(50))
            assert sum(result.rows for result in await asyncio.gather(*updates)) == 50

        asyncio.run(main())
        assert server.most <= 2


@pytest.mark.parametrize("number", [0, 1_001, -1, "many"])
def test_numbers_that_cannot_be_are_refused(number):
    with pytest.raises(converz.ConfigurationError, match="max_connections"):
        converz.Client("https://acme.converz.co", "key", max_connections=number)
