"""`UpdatePlan`: what an update would change, before it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from converz._results.column_plan import ColumnPlan
from converz._results.table import Table
from converz._results.update_result import UpdateResult
from converz._show.html import HTML_CLASS, html_table
from converz._show.progress import Reporter
from converz._show.shape import ROWS
from converz._show.shorten import shorten
from converz._show.text import terminal_width, text_table, wrap

if TYPE_CHECKING:
    from converz._core import Client as CoreClient
    from converz._core import Table as CoreTable
    from converz._core import UpdatePlan as CorePlan

__all__ = ["UpdatePlan"]

UNKNOWN = {
    "update_calls": (
        "It cannot know: conversations outside of what was read, since they cannot be read by call_id; attributes "
        "that the service does not show, which undo would set to null; what other writers change meanwhile."
    ),
    "update_reps": (
        "It cannot know: users outside of what was read; attributes that the service does not show, which undo "
        "would set to null; what other writers change meanwhile."
    ),
}

NAME_WIDTH = 60
"""Terminal columns of an attribute's name in a line of text."""
LINES = 50
"""Attributes that have a line of their own."""


class UpdatePlan:
    """What an update would change, cell by cell, found by reading what is stored.

    Nothing was changed yet: `apply` sends only what changes. What a plan cannot know is in its text: what
    other writers change in the meantime, rows outside of what was read, and attributes that the service does
    not show.

    Attributes:
        columns: The attributes of the frame, each with what would happen to it.
        num_changes: Cells that change, cleared ones included.
        rows: Rows of the frame.
        rows_read: Stored rows that were read.
        requests: Requests that reading took.

    Example:
        >>> import converz
        >>> with converz.Sandbox(calls=100, today="2025-07-15") as sandbox:
        ...     client = sandbox.client()
        ...     frame = {"call_id": [1, 2, 999], "campain": ["x", "y", "z"]}
        ...     plan = client.plan_update_calls(frame, start_date="2025-01-01")
        >>> plan.columns[0].nearest
        'campaign'
        >>> plan.num_changes, plan.not_found.to_pydict()["call_id"]
        (2, [999])

    """

    __slots__ = ("_client", "_core", "_operation", "columns", "num_changes", "requests", "rows", "rows_read")
    columns: list[ColumnPlan]
    num_changes: int
    rows: int
    rows_read: int
    requests: int
    _client: CoreClient
    _core: CorePlan
    _operation: str

    def __init__(self, client: CoreClient, core: CorePlan, operation: str) -> None:
        """Plans come from `Client.plan_update_calls` and `Client.plan_update_reps`."""
        self._client = client
        self._core = core
        self._operation = operation
        self.columns = [ColumnPlan(**column) for column in core.columns]
        self.num_changes = sum(column.changed + column.cleared for column in self.columns)
        self.rows = core.rows
        self.rows_read = core.rows_read
        self.requests = core.requests

    @property
    def changes(self) -> Table:
        """The cells that change: the key, the ``column``, and as JSON text the ``old`` and ``new`` value.

        An old value of null stands for null and for an attribute that did not exist.
        """
        return Table._from_core(self._core.changes())

    @property
    def not_found(self) -> Table:
        """The rows of the frame whose keys were not among what was read. Nothing is planned for them."""
        return Table._from_core(self._core.not_found())

    def apply(self, *, progress: object = None) -> UpdateResult:
        """Send what changes, and nothing else.

        Args:
            progress: True or False to show or hide progress, or a function of rows and bytes, as in `Client.calls`;
                by default (None) it is shown in terminals and notebooks when it lasts over a second.

        Returns:
            An `UpdateResult` whose ``undo()`` puts the old values back.

        Raises:
            UpdateError: If a request failed, as in `Client.update_calls`.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
            ...     client = sandbox.client()
            ...     rep_ids = client.reps().to_pydict()["rep_id"]
            ...     plan = client.plan_update_reps({"rep_id": rep_ids, "team": list("ABABA")})
            ...     result = plan.apply()
            >>> result.rows, result.cells
            (5, 5)

        """
        return self._carry_out(progress, undo=False)

    def undo(self, *, progress: object = None) -> UpdateResult:
        """Put the old values back, cleared cells included, also after an `apply` that failed half way.

        Every value is the JSON that it was: numbers have their digits, and text that looks like a number or a time
        stays text. An attribute that did not exist is null afterwards.

        Args:
            progress: True or False to show or hide progress, or a function of rows and bytes, as in `Client.calls`;
                by default (None) it is shown in terminals and notebooks when it lasts over a second.

        Returns:
            An `UpdateResult` with what it took.

        Raises:
            UpdateError: If a request failed, as in `Client.update_calls`. Call ``undo()`` once more to finish it, or
                pass what remains with ``nulls=error.nulls`` to the client's update.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
            ...     client = sandbox.client()
            ...     rep_ids = client.reps().to_pydict()["rep_id"]
            ...     plan = client.plan_update_reps({"rep_id": rep_ids, "team": list("ABABA")})
            ...     result = plan.apply()
            ...     undone = plan.undo()
            ...     teams = client.reps().to_pydict()["team"]
            >>> undone.cells, teams
            (5, [None, None, None, None, None])

        """
        return self._carry_out(progress, undo=True)

    def _carry_out(self, progress: object, *, undo: bool) -> UpdateResult:
        with Reporter(progress, self._operation, self.rows) as report:
            outcome = self._client.carry_out(self._core, undo, report)
        if outcome is None:
            return UpdateResult(rows=0, cells=0, requests=0, seconds=0.0)
        return UpdateResult(**outcome, _undo=None if undo else self.undo)

    def __repr__(self) -> str:
        """Show what would change, what would not, and what the plan cannot know."""
        width = terminal_width()
        parts = [wrap(line, width, "    ") for line in self._summary()]
        if self.num_changes:
            parts.append("\n" + text_table(self._first_changes(), title="changes", total=self.num_changes))
        if self.not_found.num_rows:
            parts.append("\n" + text_table(self._core.not_found(), title="not found"))
        return "\n".join([*parts, "\n" + wrap(UNKNOWN[self._operation], width)])

    def _repr_html_(self) -> str:
        import html

        # A browser would leave out the blanks that a line begins with.
        lines = ["&emsp;" * line.startswith("  ") + html.escape(line.strip()) for line in self._summary()]
        parts = [f"<p>{'<br>'.join(lines)}</p>"]
        if self.num_changes:
            parts.append(html_table(self._first_changes(), title="changes", total=self.num_changes))
        if self.not_found.num_rows:
            parts.append(html_table(self._core.not_found(), title="not found"))
        parts.append(f"<p>{html.escape(UNKNOWN[self._operation])}</p>")
        return f'<div class="{HTML_CLASS}">{"".join(parts)}</div>'

    def _first_changes(self) -> CoreTable:
        return self._core.changes(ROWS)

    def _summary(self) -> list[str]:
        cleared = sum(column.cleared for column in self.columns)
        change = f"{self.num_changes:,} {'cell changes' if self.num_changes == 1 else 'cells change'}"
        of_them = f", {cleared:,} of them to null" if cleared else ""
        found = self.rows - self.not_found.num_rows
        rows = "row" if self.rows == 1 else "rows"
        lines = [
            f"UpdatePlan: {change}{of_them}; {found:,} of {self.rows:,} {rows} found among {self.rows_read:,} read"
        ]
        # What may be a slip of the pen comes first, if not all have room.
        by_worth = sorted(range(len(self.columns)), key=lambda place: self.columns[place].seen)
        for place in sorted(by_worth[:LINES]):
            column = self.columns[place]
            line = f"  {shorten(column.name, NAME_WIDTH)}: {_counts([column])}"
            if not column.seen:
                line += "; not seen among what is stored"
                line += f" (did you mean {shorten(column.nearest, NAME_WIDTH)!r}?)" if column.nearest else ""
            lines.append(line)
        if rest := [self.columns[place] for place in by_worth[LINES:]]:
            line = f"  and {len(rest):,} more: {_counts(rest)}"
            unseen = sum(not column.seen for column in rest)
            lines.append(line + (f"; {unseen:,} of them not seen among what is stored" if unseen else ""))
        return lines


def _counts(columns: list[ColumnPlan]) -> str:
    changed, cleared, same = (
        sum(getattr(column, what) for column in columns) for what in ("changed", "cleared", "same")
    )
    return f"{changed:,} changed, {cleared:,} cleared, {same:,} already so"
