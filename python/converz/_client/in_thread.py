"""Verbs that need a thread, for an event loop: what goes to the service is awaited in the loop, the rest is done beside it.

Cancelling the task cancels what is asked of the service. The thread gets to know it there, and unwinds as after Ctrl-C:
what a target has not committed is rolled back. Only when the thread has ended is the task over.
"""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from converz._client.client import Client
from converz._runtime.event_loop import awaited, running_loop

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Future

    from converz._runtime.steps import Steps

__all__ = ["ClientInThread", "beside", "in_thread"]

P = ParamSpec("P")
R = TypeVar("R")


class _Work:
    """What one thread does for a task."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        self._lock = threading.Lock()
        self._is_cancelled = False
        self._waiting: Future[Any] | None = None

    def wait(self, steps: Steps[R]) -> R:
        """Have the loop do steps while the thread waits."""
        import asyncio
        import concurrent.futures

        with self._lock:
            if self._is_cancelled:
                steps.close()
                raise asyncio.CancelledError
            waiting = self._waiting = asyncio.run_coroutine_threadsafe(awaited(steps), self._loop)
        try:
            result: R = waiting.result()
        except concurrent.futures.CancelledError:
            # That one is an Exception, which code in between may take for a failure of the service.
            raise asyncio.CancelledError from None
        return result

    def cancel(self) -> None:
        """End what the thread waits for, and refuse what it would wait for next."""
        with self._lock:
            self._is_cancelled = True
            waiting = self._waiting
        if waiting is not None:
            waiting.cancel()


class ClientInThread(Client):
    """A client whose requests the loop makes."""

    __slots__ = ("_work",)
    _work: _Work
    """Of the step that goes on."""

    def _run(self, steps: Steps[R]) -> R:
        return self._work.wait(steps)


def in_thread(
    method: Callable[Concatenate[Any, P], R],
    owner: str,
    result: Callable[[Any, ClientInThread], Any] | None = None,
) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, Any]]:
    """Make a coroutine of a method of `Client` that does more than wait; `result` makes something else of what it gives."""

    @functools.wraps(method)
    async def verb(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> Any:
        client = ClientInThread.__new__(ClientInThread)
        client._core, client._service = self._core, self._service
        given = await beside(client, lambda: method(client, *args, **kwargs))
        return given if result is None else result(given, client)

    verb.__qualname__ = f"{owner}.{method.__name__}"
    return verb


async def beside(client: ClientInThread, do: Callable[[], R]) -> R:
    """Do something in a thread, where `client` has its requests made by the loop that runs here."""
    import asyncio
    import contextvars

    loop = running_loop()
    work = client._work = _Work(loop)
    over: asyncio.Future[None] = loop.create_future()
    outcome: list[R] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(do())
        except BaseException as error:  # noqa: BLE001
            raised.append(error)
        # A loop that is closed waits for nothing.
        if not loop.is_closed():
            loop.call_soon_threadsafe(over.set_result, None)

    context = contextvars.copy_context()
    # Nobody would end it where a loop is closed without ending its tasks.
    threading.Thread(target=context.run, args=(run,), name="converz-beside", daemon=True).start()
    cancelled: asyncio.CancelledError | None = None
    while not over.done():
        try:
            await asyncio.shield(over)
        except asyncio.CancelledError as error:
            cancelled = error
            work.cancel()
    try:
        if cancelled is not None:
            raise cancelled
        if raised:
            raise raised[0]
        return outcome[0]
    finally:
        # What was raised knows this frame.
        raised.clear()
        del cancelled
