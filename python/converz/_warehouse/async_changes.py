"""`AsyncChanges`: rows that differ from what was handed on before, for an event loop."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from converz.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from converz._results.table import Table
    from converz._warehouse.changes import Changes

__all__ = ["AsyncChanges"]

R = TypeVar("R")


class AsyncChanges:
    """What `AsyncClient.changes` gives: `Changes` that are looped over with ``async for``, and whose verbs are awaited.

    Each step has a thread while it lasts, since a target's library would hold up the loop. Cancelling one ends its requests;
    the cursor is where the last ``done()`` that ended has put it. One task at a time may use it.

    Example:
        >>> import asyncio, converz, duckdb
        >>> async def main(sandbox, target):
        ...     async with sandbox.async_client() as client:
        ...         changes = await client.changes(target, since="2025-07-01", until="2025-07-15")
        ...         async for table in changes:
        ...             await changes.done()  # What was handed on has arrived.
        ...         again = await client.changes(target, until="2025-07-15")
        ...         return changes.rows, (await again.table()).num_rows
        >>> with converz.Sandbox(calls=100, days=15, today="2025-07-15") as sandbox:
        ...     asyncio.run(main(sandbox, duckdb.connect()))
        (100, 0)

    """

    __module__ = "converz"

    __slots__ = ("_beside", "_changes", "_is_busy")

    def __init__(self, changes: Changes, beside: Callable[[Callable[[], Any]], Awaitable[Any]]) -> None:
        """They come from `AsyncClient.changes`."""
        self._changes, self._beside = changes, beside
        self._is_busy = False

    @property
    def cursor(self) -> str:
        """The name of the cursor."""
        return self._changes.cursor

    @property
    def rows(self) -> int:
        """How many rows were handed on so far."""
        return self._changes.rows

    @property
    def unchanged(self) -> int:
        """How many rows of the days that were looked at are as they were handed on before."""
        return self._changes.unchanged

    async def __aiter__(self) -> AsyncGenerator[Table]:
        """Read the days that are due, and hand on what differs."""
        tables: Any = iter(self._changes)
        try:
            while (table := await self._do(partial(next, tables, None))) is not None:
                yield table
        finally:
            tables.close()

    async def table(self) -> Table:
        """Return all of them as one table: the rows that were not handed on yet.

        Raises:
            APIStatusError: If the service refuses, retries included; and what else `AsyncClient.calls` raises.

        Example:
            >>> import asyncio, converz, duckdb
            >>> async def main(client, target):
            ...     changes = await client.changes(target, since="2025-07-15", until="2025-07-15", columns="summary")
            ...     return (await changes.table()).column_names
            >>> with converz.Sandbox(calls=100, days=15, today="2025-07-15") as sandbox:
            ...     asyncio.run(main(sandbox.async_client(), duckdb.connect()))
            ['summary', 'call_id']

        """
        return await self._do(self._changes.table)

    async def done(self) -> None:
        """Say that all that was handed on so far has arrived, and move the cursor past it, in one commit.

        Raises:
            TargetError: If the target cannot be written, or another process has moved the cursor meanwhile.

        Example:
            >>> import asyncio, converz, duckdb
            >>> async def main(client, target):
            ...     changes = await client.changes(target, since="2025-07-01", until="2025-07-15")
            ...     rows = (await changes.table()).num_rows
            ...     await changes.done()
            ...     return rows
            >>> with converz.Sandbox(calls=100, days=15, today="2025-07-15") as sandbox:
            ...     asyncio.run(main(sandbox.async_client(), duckdb.connect()))
            100

        """
        await self._do(self._changes.done)

    async def _do(self, do: Callable[[], R]) -> R:
        if self._is_busy:
            message = "another task is using these changes: have one task take them, or ask for changes of another cursor"
            raise InvalidInputError(message)
        self._is_busy = True
        try:
            done: R = await self._beside(do)
            return done
        finally:
            self._is_busy = False

    def __repr__(self) -> str:
        """Show the numbers."""
        return f"Async{self._changes!r}"
