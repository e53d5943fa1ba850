"""`AsyncUpdatePlan`: what an update of an `AsyncClient` would change."""

from __future__ import annotations

from converz._results.async_update_result import AsyncUpdateResult
from converz._results.update_plan import UpdatePlan
from converz._runtime.coroutines import as_coroutine
from converz._runtime.event_loop import awaited

__all__ = ["AsyncUpdatePlan"]


class AsyncUpdatePlan(UpdatePlan):
    """What an update would change: an `UpdatePlan` whose ``apply()`` and ``undo()`` are awaited.

    Example:
        >>> import asyncio, converz
        >>> async def main(sandbox):
        ...     async with sandbox.async_client() as client:
        ...         rep_ids = (await client.reps()).to_pydict()["rep_id"]
        ...         plan = await client.plan_update_reps({"rep_id": rep_ids, "team": list("ABABA")})
        ...         return plan.num_changes, (await plan.apply(check=True)).cells
        >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
        ...     asyncio.run(main(sandbox))
        (5, 5)

    """

    __module__ = "converz"

    __slots__ = ()
    _run = staticmethod(awaited)
    _results = AsyncUpdateResult
    apply = as_coroutine(UpdatePlan.apply, "AsyncUpdatePlan")
    undo = as_coroutine(UpdatePlan.undo, "AsyncUpdatePlan")
