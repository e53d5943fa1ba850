"""Generated of `UpdateResult` by `tests/python/support/async_stubs.py`; do not edit."""

from typing import Literal

from converz._results.update_result import UpdateResult

__all__ = ["AsyncUpdateResult"]

class AsyncUpdateResult(UpdateResult):
    async def undo(  # type: ignore[override]
        self,
        *,
        client: object = None,
        on_conflict: Literal["skip", "error"] = "skip",
        progress: object = None,
    ) -> AsyncUpdateResult: ...
