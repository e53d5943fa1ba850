"""`AsyncUpdateResult`: what an update of an `AsyncClient` did."""

from converz._results.update_result import UpdateResult
from converz._runtime.coroutines import as_coroutine
from converz._runtime.event_loop import awaited

__all__ = ["AsyncUpdateResult"]


class AsyncUpdateResult(UpdateResult):
    """What an update did: an `UpdateResult` whose ``undo()`` is awaited.

    Example:
        >>> import asyncio, converz
        >>> async def main(sandbox):
        ...     async with sandbox.async_client() as client:
        ...         rep_ids = (await client.reps()).to_pydict()["rep_id"]
        ...         plan = await client.plan_update_reps({"rep_id": rep_ids, "team": list("ABABA")})
        ...         result = await plan.apply()
        ...         return result.cells, (await result.undo()).cells
        >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
        ...     asyncio.run(main(sandbox))
        (5, 5)

    """

    __module__ = "converz"

    __slots__ = ()
    _run = staticmethod(awaited)
    undo = as_coroutine(UpdateResult.undo, "AsyncUpdateResult")
