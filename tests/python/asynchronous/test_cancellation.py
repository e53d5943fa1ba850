"""A task that is cancelled ends its request, and nothing is left of it."""

from __future__ import annotations

import asyncio
import queue
import time

import pytest

import converz
from support.server import HANG, Request, Server

SOON = 0.1
"""Seconds after which a cancelled request has ended."""

ROW = b'[{"call_id":1,"rep_id":"a"}'


class Held:
    """A server that never finishes an answer, and notes when each client has gone."""

    def __init__(self, answer_first: bytes | None = None) -> None:
        self.asked: queue.SimpleQueue[Request] = queue.SimpleQueue()
        self.gone: queue.SimpleQueue[float] = queue.SimpleQueue()
        self.answer_first = answer_first
        self.server = Server(self.handle)

    def handle(self, request: Request) -> None:
        if self.answer_first is not None:
            request.begin(self.answer_first)
        self.asked.put(request)
        while request.connection.recv(4096):
            pass
        self.gone.put(time.monotonic())

    async def until_asked(self) -> None:
        await asyncio.to_thread(self.asked.get, timeout=HANG)


@pytest.fixture(params=[None, ROW], ids=["before the answer", "within the answer"])
def held(request):
    held = Held(request.param)
    with held.server:
        yield held


def seconds_until_gone(held: Held, since: float) -> float:
    return held.gone.get(timeout=HANG) - since


def quickest(attempt) -> float:
    """The best of a few attempts: on a busy machine a single one says little."""
    best = HANG
    for _ in range(5):
        best = min(best, asyncio.run(attempt()))
        if best < SOON:
            break
    return best


READS = {
    "calls": lambda client: client.calls(),
    "report": lambda client: client.report(),
    "opening of a stream": lambda client: client.stream_calls().__aenter__(),
    "windows": lambda client: anext(client.read_windows(client.windows("2025-07-01", "2025-07-02"))),
    "plan": lambda client: client.plan_update_reps({"rep_id": ["a"], "team": ["A"]}),
}


@pytest.mark.parametrize("read", READS)
def test_cancelling_a_task_ends_its_request(held, read):
    async def attempt() -> float:
        client = converz.AsyncClient(held.server.url, "key")
        task = asyncio.ensure_future(READS[read](client))
        await held.until_asked()
        task.cancel()
        since = time.monotonic()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await asyncio.to_thread(seconds_until_gone, held, since)

    assert quickest(attempt) < SOON


def test_a_timeout_ends_the_request(held):
    async def attempt() -> float:
        client = converz.AsyncClient(held.server.url, "key")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await client.calls()
        return await asyncio.to_thread(seconds_until_gone, held, time.monotonic())

    assert quickest(attempt) < SOON


def test_a_cancelled_wait_for_a_batch_closes_the_stream():
    held = Held()

    def handle(request: Request) -> None:
        if request.page == 1:
            request.rows([{"call_id": one} for one in range(5)])
        else:
            held.handle(request)

    async def main() -> None:
        with Server(handle) as server:
            stream = converz.AsyncClient(server.url, "key", page_size=5).stream_calls()
            assert (await anext(stream)).num_rows == 5
            waiting = asyncio.ensure_future(anext(stream))
            await held.until_asked()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert await asyncio.to_thread(held.gone.get, True, HANG)
            with pytest.raises(converz.InvalidInputError, match="read or closed"):
                await anext(stream)

    try:
        asyncio.run(main())
    finally:
        held.server.close()


def test_closing_a_stream_ends_the_wait_of_another_task():
    held = Held()

    def handle(request: Request) -> None:
        if request.page == 1:
            request.rows([{"call_id": one} for one in range(5)])
        else:
            held.handle(request)

    async def main() -> None:
        with Server(handle) as server:
            stream = converz.AsyncClient(server.url, "key", page_size=5).stream_calls()
            await anext(stream)
            waiting = asyncio.ensure_future(anext(stream))
            await held.until_asked()
            await stream.aclose()
            with pytest.raises(converz.InvalidInputError, match="closed this stream"):
                await waiting
            assert await asyncio.to_thread(held.gone.get, True, HANG)

    try:
        asyncio.run(main())
    finally:
        held.server.close()


def test_others_go_on_where_one_is_cancelled(sandbox):
    async def main() -> None:
        client = sandbox.async_client()
        tasks = [asyncio.ensure_future(client.calls(limit=10)) for _ in range(40)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in results[::2])
        assert all(result.num_rows == 10 for result in results[1::2])

    asyncio.run(main())


def test_a_cancelled_update_says_what_became_of_it(held):
    async def main() -> None:
        client = converz.AsyncClient(held.server.url, "key")
        task = asyncio.ensure_future(client.update_calls({"call_id": [1, 2], "priority": ["a", "b"]}))
        await held.until_asked()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as cancelled:
            await task
        account = cancelled.value.__cause__
        assert isinstance(account, converz.UpdateError)
        assert (account.committed, account.in_doubt, account.unsent) == ([], [(0, 2)], [])
        assert account.remaining.num_rows == 2
        assert await asyncio.to_thread(held.gone.get, True, HANG)

    asyncio.run(main())


def test_a_loop_that_ends_ends_its_requests(held):
    """`asyncio.run` cancels what is left, and so does a task group that fails."""

    async def main() -> None:
        client = converz.AsyncClient(held.server.url, "key")
        forgotten = asyncio.ensure_future(client.calls())
        await held.until_asked()
        assert not forgotten.done()

    asyncio.run(main())
    assert held.gone.get(timeout=HANG)

    async def group() -> None:
        client = converz.AsyncClient(held.server.url, "key")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(client.calls())
            await held.until_asked()
            raise KeyError

    with pytest.raises(ExceptionGroup):
        asyncio.run(group())
    assert held.gone.get(timeout=HANG)
