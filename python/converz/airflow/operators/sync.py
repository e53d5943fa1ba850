"""`ConverzSyncOperator`: a warehouse brought up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from converz import SyncError
from converz._warehouse.target import target_of
from converz.airflow.marks import mark, with_aliases
from converz.airflow.operators.base import ConverzOperator
from converz.airflow.progress import in_log
from converz.airflow.target import named_target, refuse_passwords
from converz.airflow.window import days_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from converz import Client, SyncResult
    from converz._warehouse.entry import Day, Entry

__all__ = ["ConverzSyncOperator"]

BACKFILL = "backfill"
"""The type of a run that is part of one."""


class ConverzSyncOperator(ConverzOperator):
    """Bring a warehouse up to date, as `Client.sync` does.

    The window is the interval of the run, in days of the time zone of the Dag. A scheduled run also reads the earlier days
    of the target that are due, since rows and summaries come late; a backfill reads its window alone. Days that changed are
    marked on the assets among ``outlets``: an event of the asset, and one of each day as a partition (``2025-07-15``).
    Where nothing changed there is none.

    Args:
        target: The id of a connection (of type ``postgres`` or ``duckdb``), or a target as `Client.sync` takes it.
            Templated.
        tables: ``"calls"`` or ``"reps"``; by default (None) both.
        since: First date instead of the window's. Templated.
        until: Last date, included, instead of the window's. Templated.
        late_days: Whether earlier days of the target are read where they are due; by default (None) in every run but
            backfills.
        options: What else `Client.sync` takes: ``metric``, ``columns``, filters, ``lookback``, ``max_delete_fraction``.
            Templated.
        converz_conn_id: The id of the connection to the service. Templated.

    Returns:
        As XCom, what was ``new``, ``changed``, ``unchanged``, ``rows_read``, ``rows_written``, ``requests``, and the
        ``days`` that changed.

    """

    template_fields: ClassVar[Sequence[str]] = ("converz_conn_id", "target", "since", "until", "options")
    template_fields_renderers: ClassVar[dict[str, str]] = {"options": "json"}

    def __init__(
        self,
        *,
        target: Any,
        tables: str | Sequence[str] | None = None,
        since: str | None = None,
        until: str | None = None,
        late_days: bool | None = None,
        options: Mapping[str, Any] | None = None,
        **arguments: Any,
    ) -> None:
        refuse_passwords("target", target)
        outlets = arguments.pop("outlets", None) or []
        listed = list(outlets) if isinstance(outlets, list | tuple | set) else [outlets]
        super().__init__(outlets=with_aliases(listed), **arguments)
        self.target = target
        self.tables = tables
        self.since = since
        self.until = until
        self.late_days = late_days
        self.options = dict(options or {})

    def carry_out(self, client: Client, context: Mapping[str, Any]) -> dict[str, Any]:
        """Sync, mark what changed, and say so."""
        target = target_of(named_target(self.target), self.options.get("lock_timeout", 60))
        before = target.ledger("calls")
        since, until = self._window(context, before)
        self.log.info("%r: days %s to %s", target, since, until)
        try:
            result = client.sync(
                target,
                tables=self.tables,
                since=since,
                until=until,
                progress=in_log(self.log, "days"),
                **self.options,
            )
        except SyncError as error:
            if error.result is not None:
                self.log.info("committed: %r", error.result)
            raise
        self.log.info(
            "%s rows of %s read in %s requests and %.1f s, %s written: %s days are new, %s changed, %s as before",
            f"{result.rows_read:,}",
            self.tables or "calls and reps",
            f"{result.requests:,}",
            result.seconds,
            f"{result.rows_written:,}",
            result.new,
            result.changed,
            result.unchanged,
        )
        days = sorted(changed_days(result) | _of_earlier_tries(context, before))
        numbers = ("new", "changed", "unchanged", "rows_read", "rows_written", "requests")
        said = {name: getattr(result, name) for name in numbers}
        mark(self, context, days, said)
        return said | {"days": [day.isoformat() for day in days]}

    def _window(self, context: Mapping[str, Any], ledger: Mapping[Day, Entry]) -> tuple[Any, Any]:
        if self.since and self.until:
            return self.since, self.until
        first, last = days_of(context)
        until = self.until or last
        if self.since:
            return self.since, until
        late = self.late_days
        if late is None:
            kind = getattr(context["dag_run"], "run_type", None)
            late = getattr(kind, "value", kind) != BACKFILL
        earlier = [day for day in ledger if day] if late else []
        return min([first, *earlier]), until


def changed_days(result: SyncResult) -> set[date]:
    """Return the days whose rows are others than before."""
    columns = result.days.to_pydict()
    lines = zip(columns["day"], columns["outcome"], columns["rows"], columns["rows_before"], strict=True)
    return {
        day
        for day, outcome, rows, before in lines
        if day and outcome in {"new", "changed"} and (rows or before)
    }


def _of_earlier_tries(context: Mapping[str, Any], ledger: Mapping[Day, Entry]) -> set[date]:
    """Return the days that may have changed in a try of this run that failed, and that nothing has marked.

    A day too many is looked at in vain, a day too few is never looked at.
    """
    begun: datetime | None = getattr(context["dag_run"], "start_date", None)
    if context["ti"].try_number <= 1 or begun is None:
        return set()
    from converz._warehouse.due import utc

    since = utc(begun)
    return {
        day
        for day, entry in ledger.items()
        if day and entry.rows and (entry.changed_at or entry.read_at) >= since
    }
