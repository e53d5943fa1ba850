"""`UpdatePlan`: what an update would change, before it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast

from converz._results.column_plan import ColumnPlan
from converz._results.reversal import Reversal, carry_out, core_of, in_order
from converz._results.table import Table
from converz._results.type_change import TypeChange
from converz._results.update_result import UpdateResult
from converz._runtime.steps import waited
from converz._show.html import HTML_CLASS, html_table
from converz._show.progress import Reporter
from converz._show.shape import ROWS
from converz._show.shorten import shorten
from converz._show.text import terminal_width, text_table, wrap
from converz.errors import InvalidInputError

if TYPE_CHECKING:
    import os

    from converz._core import Client as CoreClient
    from converz._core import Table as CoreTable
    from converz._core import UpdateChanges
    from converz._core import UpdatePlan as CorePlan
    from converz._runtime.steps import Steps

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
LISTED = 10
"""Changes of types that a message lists."""


class UpdatePlan:
    """What an update would change, cell by cell, found by reading what is stored.

    Nothing was changed yet: `apply` sends only what changes. What a plan cannot know is in its text: what
    other writers change in the meantime, rows outside of what was read, and attributes that the service does
    not show. A plan pickles, without its client: ``apply(client=...)`` carries it out elsewhere.

    Attributes:
        columns: The attributes of the frame, each with what would happen to it.
        types: Cells that would get another kind of value than is stored, a string for a number above all, as `TypeChange`
            by attribute and kinds. If there are any, `apply` needs ``allow_type_change=True``.
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

    __module__ = "converz"

    __slots__ = (
        "_cells",
        "_client",
        "_core",
        "_not_found",
        "_operation",
        "columns",
        "num_changes",
        "requests",
        "rows",
        "rows_read",
        "types",
    )
    # How a plan waits, and what it makes: the bodies below are those of `AsyncUpdatePlan`, too.
    _run = staticmethod(waited)
    _results = UpdateResult
    columns: list[ColumnPlan]
    num_changes: int
    rows: int
    rows_read: int
    requests: int
    types: list[TypeChange]
    _client: CoreClient | None
    _core: CorePlan | None
    _cells: UpdateChanges | None
    _not_found: CoreTable
    _operation: str

    def __init__(self, client: CoreClient, core: CorePlan, operation: str) -> None:
        """Plans come from `Client.plan_update_calls` and `Client.plan_update_reps`."""
        self._client = client
        self._core = core
        self._cells = None
        self._not_found = core.not_found()
        self._operation = operation
        self.columns = [ColumnPlan(**column) for column in core.columns]
        self.num_changes = sum(column.changed + column.cleared for column in self.columns)
        self.rows = core.rows
        self.rows_read = core.rows_read
        self.requests = core.requests
        self.types = [TypeChange(**change) for change in core.types]

    @property
    def changes(self) -> Table:
        """The cells that change: the key, the ``column``, and as JSON text the ``old`` and ``new`` value.

        An old value of null stands for null and for an attribute that did not exist.
        """
        return Table._from_core(self._core.changes() if self._core else self._changes().table())

    @property
    def not_found(self) -> Table:
        """The rows of the frame whose keys were not among what was read. Nothing is planned for them."""
        return Table._from_core(self._not_found)

    def apply(
        self,
        *,
        client: object = None,
        check: bool = False,
        on_conflict: Literal["skip", "error"] = "skip",
        journal: str | os.PathLike[str] | None = None,
        allow_type_change: bool = False,
        progress: object = None,
    ) -> UpdateResult:
        """Send what changes, and nothing else.

        With ``check=True`` the cells are read again just before, and those that no longer hold what the plan read are left
        out: `conflicts` of the result lists them. The API has no conditional write, so what others write between that
        reading and the request of a cell is overwritten: seconds, for a large update as long as reading and sending
        take, instead of all the time since the plan was made.

        Args:
            client: The `Client` to apply it with; by default (None) the one that it was made with, which a plan from a
                pickle does not have.
            check: True reads the cells again before they are written; by default False.
            on_conflict: ``"skip"``, the default, leaves cells out that hold something else by now; ``"error"`` sends
                nothing if there are any.
            journal: A file that must not exist yet, in which everything is noted that an undo needs, before the first
                request is sent, and what was answered, before the next one is. So ``client.undo_update(journal)`` puts back
                what was written even if this process is killed. It holds old and new values, no key, and only its owner
                may read it; by default (None) there is none.
            allow_type_change: True also sends a plan that would give cells another kind of value than is stored, as its
                `types` say; by default (False) it is refused.
            progress: True or False to show or hide progress, or a function of rows and bytes, as in `Client.calls`;
                by default (None) it is shown in terminals and notebooks when it lasts over a second.

        Returns:
            An `UpdateResult` whose ``undo()`` puts the old values back.

        Raises:
            InvalidInputError: If values would become of another kind and ``allow_type_change`` is not True, or a cell
                may have been a string or another value, as `Client.update_calls` says. Nothing was sent.
            UpdateConflictError: If cells hold something else by now and ``on_conflict="error"``. Nothing was sent.
            UpdateError: If a request failed, as in `Client.update_calls`.
            OSError: If the journal cannot be written.

        Example:
            >>> import converz
            >>> with converz.Sandbox(calls=100, reps=5) as sandbox:
            ...     client = sandbox.client()
            ...     rep_ids = client.reps().to_pydict()["rep_id"]
            ...     plan = client.plan_update_reps({"rep_id": rep_ids, "team": list("ABABA")})
            ...     result = plan.apply(check=True)
            >>> result.rows, result.cells
            (5, 5)

        """
        return self._run(self._applied(client, check, on_conflict, journal, allow_type_change, progress))

    def _applied(
        self,
        client: object,
        check: bool,
        on_conflict: str,
        journal: str | os.PathLike[str] | None,
        allow_type_change: bool,
        progress: object,
    ) -> Steps[UpdateResult]:
        core = core_of(client, self._client, "apply")
        in_order(on_conflict)
        _check_flag("check", check)
        self._check_types(allow_type_change)
        if check or journal is not None or self._core is None:
            changes = yield from self._reversible()
            return (
                yield from carry_out(
                    core,
                    self._operation,
                    changes,
                    undo=False,
                    check=check,
                    on_conflict=on_conflict,
                    journal=journal,
                    progress=progress,
                    results=self._results,
                )
            )
        with Reporter(progress, self._operation, self.rows) as report:
            outcome = yield core.carry_out(self._core, report)
        if outcome is None:
            return self._results(rows=0, cells=0, requests=0, seconds=0.0)
        return self._results(**outcome, _undo=Reversal(self._operation, self._reversible, core))

    def _changes(self) -> UpdateChanges:
        """Give the cells that change, each with its old and its new value."""
        return waited(self._reversible())

    def _reversible(self) -> Steps[UpdateChanges]:
        if self._cells is None and self._core is not None:
            self._cells = yield self._core.to_changes()
        return cast("UpdateChanges", self._cells)

    def _check_types(self, allow_type_change: object) -> None:
        _check_flag("allow_type_change", allow_type_change)
        if self.types and not allow_type_change:
            shown = "; ".join(_becomes(change) for change in self.types[:LISTED])
            more = f" and {len(self.types) - LISTED:,} more" if len(self.types) > LISTED else ""
            message = (
                f"the plan changes what kind of values are stored: {shown}{more}. Correct the frame, or pass "
                "allow_type_change=True to apply it nevertheless"
            )
            raise InvalidInputError(message)

    def undo(
        self,
        *,
        client: object = None,
        on_conflict: Literal["skip", "error"] = "skip",
        progress: object = None,
    ) -> UpdateResult:
        """Put the old values back, cleared cells included, also after an `apply` that failed half way.

        The cells are read again just before. Those that hold their old value need nothing; those that hold neither it nor
        what the plan wrote were written by somebody else, and are left out: `conflicts` of the result lists them. The gap
        that remains is the one of `apply`.

        Every value is the JSON that it was: numbers have their digits, and text that looks like a number or a time
        stays text. An attribute that did not exist is null afterwards.

        Args:
            client: The `Client` to undo it with; by default (None) the one that the plan was made with.
            on_conflict: ``"skip"``, the default, leaves such cells out; ``"error"`` sends nothing if there are any.
            progress: True or False to show or hide progress, or a function of rows and bytes, as in `Client.calls`;
                by default (None) it is shown in terminals and notebooks when it lasts over a second.

        Returns:
            An `UpdateResult` with what it took.

        Raises:
            UpdateConflictError: If cells were written by others and ``on_conflict="error"``.
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
        return self._run(self._undone(client, on_conflict, progress))

    def _undone(self, client: object, on_conflict: str, progress: object) -> Steps[UpdateResult]:
        core = core_of(client, self._client, "undo")
        undo = Reversal(self._operation, self._reversible, core)
        return (
            yield from undo(client=None, on_conflict=on_conflict, progress=progress, results=self._results)
        )

    def __reduce__(self) -> tuple[Any, tuple[type[UpdatePlan], dict[str, Any]]]:
        """Pickle all but the client."""
        state = {name: getattr(self, name) for name in PICKLED}
        state |= {"_cells": self._changes(), "_not_found": Table._from_core(self._not_found)}
        return _plan, (type(self), state)

    def __repr__(self) -> str:
        """Show what would change, what would not, and what the plan cannot know."""
        width = terminal_width()
        parts = [wrap(line, width, "    ") for line in self._summary()]
        if self.num_changes:
            parts.append("\n" + text_table(self._first_changes(), title="changes", total=self.num_changes))
        if self.not_found.num_rows:
            parts.append("\n" + text_table(self._not_found, title="not found"))
        return "\n".join([*parts, "\n" + wrap(UNKNOWN[self._operation], width)])

    def _repr_html_(self) -> str:
        import html

        # A browser would leave out the blanks that a line begins with.
        lines = ["&emsp;" * line.startswith("  ") + html.escape(line.strip()) for line in self._summary()]
        parts = [f"<p>{'<br>'.join(lines)}</p>"]
        if self.num_changes:
            parts.append(html_table(self._first_changes(), title="changes", total=self.num_changes))
        if self.not_found.num_rows:
            parts.append(html_table(self._not_found, title="not found"))
        parts.append(f"<p>{html.escape(UNKNOWN[self._operation])}</p>")
        return f'<div class="{HTML_CLASS}">{"".join(parts)}</div>'

    def _first_changes(self) -> CoreTable:
        return self._core.changes(ROWS) if self._core else self._changes().table(ROWS)

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
        changed = {change.column for change in self.types}
        by_worth = sorted(
            range(len(self.columns)),
            key=lambda place: (self.columns[place].name not in changed, self.columns[place].seen),
        )
        for place in sorted(by_worth[:LINES]):
            column = self.columns[place]
            line = f"  {shorten(column.name, NAME_WIDTH)}: {_counts([column])}"
            if not column.seen:
                line += "; not seen among what is stored"
                line += f" (did you mean {shorten(column.nearest, NAME_WIDTH)!r}?)" if column.nearest else ""
            if column.json_text:
                name = shorten(column.name, NAME_WIDTH)
                line += (
                    f"; JSON is stored and its text would be sent as a string: pass json_columns=[{name!r}]"
                )
            lines.append(line)
            lines += [
                f"  {_becomes(change)}; apply needs allow_type_change=True"
                for change in self.types
                if change.column == column.name
            ]
        if rest := [self.columns[place] for place in by_worth[LINES:]]:
            line = f"  and {len(rest):,} more: {_counts(rest)}"
            unseen = sum(not column.seen for column in rest)
            lines.append(line + (f"; {unseen:,} of them not seen among what is stored" if unseen else ""))
        return lines


PICKLED = ("_operation", "columns", "num_changes", "requests", "rows", "rows_read", "types")
"""What a pickled plan keeps as it is."""


def _plan(kind: type[UpdatePlan], state: dict[str, Any]) -> UpdatePlan:
    plan = kind.__new__(kind)
    plan._client = None
    plan._core = None
    for name, value in state.items():
        setattr(plan, name, value._core if name == "_not_found" else value)
    return plan


def _check_flag(name: str, value: object) -> None:
    if not isinstance(value, bool):
        message = f"{name}={value!r:.80} is not True or False"
        raise InvalidInputError(message)


def _becomes(change: TypeChange) -> str:
    cells = f"{change.cells:,} {'cell' if change.cells == 1 else 'cells'}"
    return (
        f"TYPE CHANGE {shorten(change.column, NAME_WIDTH)}: {change.stored} becomes {change.new} in {cells}"
    )


def _counts(columns: list[ColumnPlan]) -> str:
    changed, cleared, same = (
        sum(getattr(column, what) for column in columns) for what in ("changed", "cleared", "same")
    )
    return f"{changed:,} changed, {cleared:,} cleared, {same:,} already so"
