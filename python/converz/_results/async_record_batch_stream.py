"""`AsyncRecordBatchStream`: a result as it arrives in an event loop, in bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from converz._results.receipt import Receipt
from converz._runtime.event_loop import awaited
from converz.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from converz._core import RecordBatch, Schema
    from converz._core import RecordBatchStream as CoreStream
    from converz._runtime.steps import Steps

__all__ = ["AsyncRecordBatchStream"]


class AsyncRecordBatchStream:
    """The batches of a result as they arrive, however long it is, while the event loop goes on.

    It is opened by ``async with``, or by its first batch, and can be read once. Whoever stops early closes it, best with
    ``async with``; cancelling the task that waits for a batch closes it too. What is in flight is then cancelled.

    Example:
        >>> import asyncio, converz
        >>> async def main(sandbox):
        ...     async with sandbox.async_client(page_size=300) as client:
        ...         async with client.stream_calls(columns="call_id") as stream:
        ...             return [batch.num_rows async for batch in stream], stream.receipt.rows
        >>> with converz.Sandbox(calls=1_000) as sandbox:
        ...     asyncio.run(main(sandbox))
        ([300, 300, 300, 100], 1000)

    """

    __module__ = "converz"

    __slots__ = ("_core", "_is_closed", "_is_opening", "_steps")
    _core: CoreStream | None

    def __init__(self, steps: Callable[[], Steps[CoreStream]]) -> None:
        """Streams come from `AsyncClient.stream_calls` and `AsyncClient.stream_reps`."""
        self._steps = steps
        self._core = None
        self._is_closed = self._is_opening = False

    @property
    def schema(self) -> Schema:
        """The names and types of the columns, the same for every batch; known when the stream is open."""
        if self._core is None:
            message = "this stream is not open yet: open it by `async with`, or take its first batch"
            raise InvalidInputError(message)
        return self._core.schema

    @property
    def receipt(self) -> Receipt | None:
        """What was done so far, complete after the end; None before it is open, and while a task waits for a batch."""
        receipt = None if self._core is None else self._core.receipt
        return None if receipt is None else Receipt(**receipt)

    async def aclose(self) -> None:
        """Cancel what is in flight. Closing twice does no harm.

        Example:
            >>> import asyncio, converz
            >>> async def main(sandbox):
            ...     async with sandbox.async_client(page_size=100) as client:
            ...         stream = client.stream_calls(columns="call_id")
            ...         first = await anext(stream)
            ...         await stream.aclose()
            ...         return first.num_rows, await anext(stream, None)
            >>> with converz.Sandbox(calls=1_000) as sandbox:
            ...     asyncio.run(main(sandbox))
            (100, None)

        """
        self._is_closed = True
        if self._core is not None:
            self._core.close()

    async def _opened(self) -> CoreStream:
        if self._core is not None:
            return self._core
        if self._is_closed or self._is_opening:
            message = "this stream is closed" if self._is_closed else "another task opens this stream"
            raise InvalidInputError(message)
        self._is_opening = True
        try:
            core = await awaited(self._steps())
        finally:
            self._is_opening = False
        self._keep(core)
        return core

    def _keep(self, core: CoreStream) -> None:
        self._core = core
        # By another task, while this one opened it.
        if self._is_closed:
            core.close()

    def __aiter__(self) -> AsyncRecordBatchStream:
        """Return the stream itself."""
        return self

    async def __anext__(self) -> RecordBatch:
        """Wait for the next batch."""
        try:
            core = await self._opened()
            batch = await awaited(_next(core))
        except StopAsyncIteration as error:
            # Whoever loops over the stream would take it for its end.
            message = "a callback or signal handler raised StopAsyncIteration"
            raise RuntimeError(message) from error
        if batch is None:
            raise StopAsyncIteration
        return batch

    async def __aenter__(self) -> AsyncRecordBatchStream:
        """Open the stream, and return it."""
        await self._opened()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self.aclose()

    def __repr__(self) -> str:
        """Show the schema."""
        return f"AsyncRecordBatchStream({'not open' if self._core is None else repr(self.schema)})"


def _next(core: CoreStream) -> Steps[RecordBatch | None]:
    batch: RecordBatch | None = yield core.next_batch()
    return batch
