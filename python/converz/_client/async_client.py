"""`AsyncClient`: the verbs of `Client` in an event loop.

Their bodies, signatures and documentation are those of `Client`. What type checkers see is in the stub beside this file,
which is generated from `Client`: a test holds it to that, and says how to write it anew.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from converz._client.client import Client, next_window
from converz._client.in_thread import ClientInThread, beside, in_thread
from converz._results.async_record_batch_stream import AsyncRecordBatchStream
from converz._results.async_update_plan import AsyncUpdatePlan
from converz._results.async_update_result import AsyncUpdateResult
from converz._results.receipt import Receipt
from converz._results.table import Table
from converz._runtime.coroutines import as_coroutine
from converz._runtime.event_loop import awaited
from converz._warehouse.async_changes import AsyncChanges

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from types import TracebackType

    from converz import _core
    from converz._core import WindowReads
    from converz._results.window import Window
    from converz._warehouse.changes import Changes

__all__ = ["AWAITED", "PLAIN", "THREADS", "AsyncClient"]

AWAITED = (
    "calls",
    "plan_update_calls",
    "plan_update_reps",
    "report",
    "reps",
    "scan_calls",
    "scan_reps",
    "undo_update",
    "update_calls",
    "update_reps",
)
"""The verbs that are coroutines."""

PLAIN = ("read_windows", "stream_calls", "stream_reps", "windows")
"""Those that are not: they wait for nothing, or give something that is to be looped over."""

THREADS = ("audit", "changes", "describe_calls", "describe_reps", "explain_sync", "sync")
"""Coroutines as well, each with a thread: between its questions there is work that would hold up the loop."""

SHARED = (
    "__init__",
    "__reduce__",
    "__repr__",
    "_from_profile",
    "_from_settings",
    "_plan",
    "_read",
    "_stream",
    "_undo",
    "_update",
    "from_profile",
    "settings",
)
"""What else is the same."""


async def _tables(core: WindowReads, windows: list[Window]) -> AsyncGenerator[tuple[Window, Table]]:
    try:
        for window in windows:
            read = await awaited(next_window(core))
            if read is None:
                return
            table, receipt = read
            yield window, Table._from_core(table, Receipt(**receipt))
    finally:
        core.close()


class AsyncClient:
    """A connection to the Converz Data API of one customer, for programs that run in an event loop.

    It has the verbs of `Client`, with the same arguments and results: ``await client.calls(…)``,
    ``async for batch in client.stream_calls(...)``, ``async for day, table in client.read_windows(...)``. A plan's
    ``apply()`` and a result's ``undo()`` are awaited as well. What a verb does is done outside of the event loop, which
    goes on; no thread is taken for a call. Cancelling a task, or a timeout of it, ends its request.

    `sync`, `explain_sync`, `audit`, `changes`, `describe_calls` and `describe_reps` have a thread each, since a target's library, or a
    table in the making, would hold up the loop; their requests are made as all others. Cancelling one ends its requests, and
    rolls back what the target has not committed, for which the task waits; what was committed stays, whole days of it. A target
    that belongs to one thread, such as a connection of SQLite, cannot be passed.

    It runs in asyncio, with uvloop or without, and so in what is built on it, such as anyio's asyncio backend, FastAPI and
    Jupyter; not in trio. One client may be used in several event loops, one after the other or each in its own thread, and
    after ``os.fork``. A frame that is passed to an update is converted in the event loop, since it is a Python object; its
    rows are checked outside. What `scan_calls` gives asks when it is collected, so collect it by ``collect_async``.

    The arguments are those of `Client`.

    Example:
        >>> import asyncio, converz
        >>> async def main(sandbox):
        ...     async with converz.AsyncClient(sandbox.url, sandbox.api_key) as client:
        ...         calls, reps = await asyncio.gather(client.calls(limit=10), client.reps())
        ...         return calls.num_rows, reps.num_rows
        >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
        ...     asyncio.run(main(sandbox))
        (10, 5)

    """

    __module__ = "converz"

    __slots__ = ("__weakref__", "_core", "_service")
    _core: _core.Client
    _service: object
    _run = staticmethod(awaited)
    _plans = AsyncUpdatePlan
    _results = AsyncUpdateResult
    _tables = staticmethod(_tables)

    def _opened(self, *arguments: Any) -> AsyncRecordBatchStream:
        return AsyncRecordBatchStream(lambda: Client._stream(self, *arguments))

    @classmethod
    def _of(cls, client: Client) -> AsyncClient:
        """Make one that shares the connections of a client."""
        its = cls.__new__(cls)
        its._core = client._core
        its._service = client._service
        return its

    async def __aenter__(self) -> AsyncClient:
        """Return the client."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections that are not in use. What is on its way goes on; the next verb connects anew.

        Example:
            >>> import asyncio, converz
            >>> async def main(sandbox):
            ...     client = sandbox.async_client()
            ...     rows = (await client.calls(limit=10)).num_rows
            ...     await client.aclose()
            ...     return rows
            >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
            ...     asyncio.run(main(sandbox))
            10

        """
        self._core.close()


def _changes(changes: Changes, client: ClientInThread) -> AsyncChanges:
    return AsyncChanges(changes, partial(beside, client))


def _take_from_client() -> None:
    for name in (*SHARED, *PLAIN):
        setattr(AsyncClient, name, vars(Client)[name])
    for name in AWAITED:
        setattr(AsyncClient, name, as_coroutine(getattr(Client, name), "AsyncClient"))
    for name in THREADS:
        result = _changes if name == "changes" else None
        setattr(AsyncClient, name, in_thread(getattr(Client, name), "AsyncClient", result))


_take_from_client()
