"""`UpdateResult`: what an update did."""

from collections.abc import Callable
from dataclasses import dataclass, field

from converz.errors import InvalidInputError

__all__ = ["UpdateResult"]


@dataclass(frozen=True, slots=True)
class UpdateResult:
    """What an update did.

    Attributes:
        rows: Rows of which at least one cell was set, all of them confirmed by the service.
        cells: Cells that were set.
        requests: Requests that were sent, retries included.
        seconds: From the first request to the last answer.

    Example:
        >>> import converz
        >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
        ...     client = sandbox.client()
        ...     plan = client.plan_update_reps({"rep_id": client.reps().to_pydict()["rep_id"], "team": list("ABABA")})
        ...     result = plan.apply()
        ...     undone = result.undo()
        >>> result.cells, undone.cells
        (5, 5)

    """

    rows: int
    cells: int
    requests: int
    seconds: float
    _undo: Callable[..., "UpdateResult"] | None = field(default=None, repr=False, compare=False)

    def undo(self, *, progress: object = None) -> "UpdateResult":
        """Put back what was stored before, cleared cells included, each value as the JSON that it was.

        Args:
            progress: True or False to show or hide progress, or a function of rows and bytes, as in `Client.calls`;
                by default (None) it is shown in terminals and notebooks when it lasts over a second.

        Returns:
            An `UpdateResult` with what it took.

        Raises:
            InvalidInputError: If the update did not come from a plan: only a plan reads and keeps old values.
            UpdateError: If a request failed. Call ``undo()`` once more to finish it, or pass what remains with
                ``nulls=error.nulls`` to the client's update: cells that were null become null again.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
            ...     client = sandbox.client()
            ...     rep_ids = client.reps().to_pydict()["rep_id"]
            ...     plan = client.plan_update_reps({"rep_id": rep_ids, "team": list("ABABA")})
            ...     result = plan.apply()
            ...     result.undo().cells
            5

        """
        if self._undo is None:
            if not self.cells:
                return self
            message = (
                "this update did not come from a plan, so nobody knows the old values: use "
                "plan_update_calls(frame).apply() where it may have to be undone"
            )
            raise InvalidInputError(message)
        return self._undo(progress=progress)
