"""Generated of `UpdatePlan` by `tests/python/support/async_stubs.py`; do not edit."""

import os
from typing import Literal

from converz._results.async_update_result import AsyncUpdateResult
from converz._results.update_plan import UpdatePlan

__all__ = ["AsyncUpdatePlan"]

class AsyncUpdatePlan(UpdatePlan):
    async def apply(  # type: ignore[override]
        self,
        *,
        client: object = None,
        check: bool = False,
        on_conflict: Literal["skip", "error"] = "skip",
        journal: str | os.PathLike[str] | None = None,
        allow_type_change: bool = False,
        progress: object = None,
    ) -> AsyncUpdateResult: ...
    async def undo(  # type: ignore[override]
        self,
        *,
        client: object = None,
        on_conflict: Literal["skip", "error"] = "skip",
        progress: object = None,
    ) -> AsyncUpdateResult: ...
