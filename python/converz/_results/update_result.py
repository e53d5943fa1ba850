"""`UpdateResult`: what an update did."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, Literal

from converz._results.table import Table
from converz._runtime.steps import Steps, waited
from converz._show.html import html_fields, html_table
from converz.errors import InvalidInputError

__all__ = ["UpdateResult"]


@dataclass(frozen=True, slots=True, repr=False)
class UpdateResult:
    """What an update did. It pickles, and is undone there with ``undo(client=...)``.

    Attributes:
        rows: Rows of which at least one cell was set, all of them confirmed by the service.
        cells: Cells that were set.
        requests: Requests that were sent, retries included.
        seconds: From the first request to the last answer.
        conflicts: Cells that were left out, since they no longer held what they were taken to hold: a `Table` of the key,
            the ``column``, and as JSON text what was ``expected`` and ``found`` (null also where the row was not found).
            None where the cells were not read again before they were written.

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

    __module__ = "converz"

    rows: int
    cells: int
    requests: int
    seconds: float
    conflicts: Table | None = field(default=None, compare=False)
    _undo: Callable[..., Generator[Any, Any, "UpdateResult"]] | None = field(
        default=None, repr=False, compare=False
    )

    # How a result waits: the body of `undo` is that of `AsyncUpdateResult`, too.
    _run = staticmethod(waited)

    def __repr__(self) -> str:
        """Show the numbers, and how many cells were left out."""
        left_out = f", conflicts={self.conflicts.num_rows}" if self.conflicts else ""
        return (
            f"UpdateResult(rows={self.rows!r}, cells={self.cells!r}, requests={self.requests!r}, "
            f"seconds={self.seconds!r}{left_out})"
        )

    def _repr_html_(self) -> str:
        fields = {
            "rows": f"{self.rows:,}",
            "cells": f"{self.cells:,}",
            "requests": f"{self.requests:,}",
            "seconds": f"{self.seconds:,.3f}",
        }
        shown = html_fields("UpdateResult", fields.items())
        return shown + (html_table(self.conflicts._core, title="conflicts") if self.conflicts else "")

    def undo(
        self,
        *,
        client: object = None,
        on_conflict: Literal["skip", "error"] = "skip",
        progress: object = None,
    ) -> "UpdateResult":
        """Put back what was stored before, cleared cells included, each value as the JSON that it was.

        The cells are read again just before, and those that no longer hold what the update wrote are left out, since
        somebody else has written them: `conflicts` of the result lists them. The API has no conditional write, so what is
        written between that reading and the request of a cell is overwritten: seconds, for a large update as long as
        reading and sending take.

        Args:
            client: The `Client` to undo it with; by default (None) the one that it was made with, which a pickle does not
                have.
            on_conflict: ``"skip"``, the default, leaves such cells out; ``"error"`` sends nothing if there are any.
            progress: True or False to show or hide progress, or a function of rows and bytes, as in `Client.calls`;
                by default (None) it is shown in terminals and notebooks when it lasts over a second.

        Returns:
            An `UpdateResult` with what it took.

        Raises:
            InvalidInputError: If the update did not come from a plan: only a plan reads and keeps old values; or if it
                was pickled and no client is passed.
            UpdateConflictError: If cells were written by others and ``on_conflict="error"``.
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
        return self._run(self._undone(client, on_conflict, progress))

    def _undone(self, client: object, on_conflict: str, progress: object) -> "Steps[UpdateResult]":
        if self._undo is None:
            if not self.cells:
                return self
            message = (
                "this update did not come from a plan, so nobody knows the old values: use "
                "plan_update_calls(frame).apply() where it may have to be undone"
            )
            raise InvalidInputError(message)
        undo = self._undo(client=client, on_conflict=on_conflict, progress=progress, results=type(self))
        return (yield from undo)
