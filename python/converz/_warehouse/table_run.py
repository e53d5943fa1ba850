"""`TableRun`: one table of a sync. Reads what is due, writes what changed, and leaves what may be a mistake of the service's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from converz._results.window import Window
from converz._warehouse.conforming import widened
from converz._warehouse.due import Due, utc
from converz._warehouse.entry import Entry
from converz.errors import (
    DecodeError,
    LimitExceededError,
    PagingError,
    SchemaDriftError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from converz._results.table import Table
    from converz._warehouse.due import Reason
    from converz._warehouse.entry import Day
    from converz._warehouse.question import Question
    from converz._warehouse.result import Outcome
    from converz._warehouse.run import Run

__all__ = ["TableRun"]

COMMIT_ROWS = 100_000
"""Rows of a commit, or so: one a day would take several times as long."""

COMMIT_DAYS = 400
"""Days of a commit, where they have few rows."""

FAULTS_OF_A_DAY = (DecodeError, SchemaDriftError, LimitExceededError, PagingError)
"""What is wrong with one day's answer, and says nothing of the others."""


class TableRun:
    """One table of a sync."""

    def __init__(self, run: Run, question: Question, report: Callable[[], None]) -> None:
        self.run = run
        self.question = question
        self.report = report
        self.ledger = run.target.ledger(question.table)
        question.refuse_another(self.ledger.values(), run.target)
        self.due = self._plan()
        self.rows: dict[Day, Table] = {}
        self.entries: dict[Day, Entry] = {}
        self.outcomes: list[tuple[Any, ...]] = []
        self.losing: dict[Day, tuple[Reason, int]] = {}
        """Days of which rows are gone, with the rows that came: to be read again before they are written."""
        self.stored_rows = 0
        """Of the days that were read."""

    def _plan(self) -> list[Due]:
        settings, now = self.run.settings, self.run.clock()
        if self.question.table == "reps":
            return [Due(None, "young" if self.ledger else "never read")]
        return settings.due(self.ledger, now)

    def go(self) -> None:
        """Read and write all that is due."""
        swept = [each.day for each in self.due if each.reason == "keys"]
        also = f", and of {len(swept):,} the keys are compared" if swept else ""
        self.tell(f"{len(self.due) - len(swept):,} days are due{also}")
        self.read([each for each in self.due if each.reason != "keys"])
        differing = list(self.sweep(swept))
        self.read([Due(day, "keys") for day in differing])
        self.settle_losses()
        self.commit()

    def read(self, days: list[Due], *, confirmed: bool = False) -> None:
        """Read days, and take what comes of each."""
        reasons = {each.day: each.reason for each in days}
        remaining: list[Day] = [each.day for each in days]
        while remaining:
            # Before anything is asked: what changes after that may not have been read.
            read_at = utc(self.run.clock())
            try:
                for day, table in self._answers(remaining):
                    remaining.pop(0)
                    self.take(day, reasons[day], table, read_at, confirmed=confirmed)
            except FAULTS_OF_A_DAY as error:
                self.fail(remaining[0], reasons[remaining[0]], str(error))
                remaining.pop(0)

    def _answers(self, days: list[Day]) -> Iterator[tuple[Day, Table]]:
        client, arguments = self.run.client, self.question.arguments
        if days == [None]:
            yield None, client.reps(**arguments, progress=False)
            return
        windows = [Window(day, day) for day in days if day]
        for window, table in client.read_windows(windows, **arguments):
            yield window.start_date, table

    def sweep(self, days: list[Day]) -> Iterator[Day]:
        """Compare the keys of days that are not due, and name those that differ."""
        windows = [Window(day, day) for day in days if day]
        if not windows:
            return
        swept_at = utc(self.run.clock())
        for window, table in self.run.client.read_windows(windows, **self.question.keys_only):
            self._count(table)
            entry = self.ledger[window.start_date]
            if table.num_rows != entry.rows or (entry.keys and not self._keys(table).startswith(entry.keys)):
                yield window.start_date
            else:
                self.entries[entry.day] = replace(entry, swept_at=swept_at, instead_of=entry.read_at)
                self.report()

    def _keys(self, table: Table) -> str:
        key = self.question.key
        if key not in table.schema:
            return ""
        return widened(table, {key: "int64" if table.schema[key] == "int64" else "string"}).digest()

    def _count(self, table: Table) -> None:
        self.run.rows_read += table.num_rows
        if table.receipt:
            self.run.requests += table.receipt.requests
            self.run.bytes += table.receipt.bytes_received

    def take(self, day: Day, reason: Reason, table: Table, read_at: datetime, *, confirmed: bool) -> None:
        """Decide what an answer is: new, changed, unchanged, or one that may be a mistake."""
        self._count(table)
        before = self.ledger.get(day)
        if not confirmed:
            self.stored_rows += before.rows if before else 0
        missing = self.question.missing(table.column_names) if table.num_rows else []
        if missing:
            named = ", ".join(repr(name) for name in missing[:5])
            self.fail(day, reason, f"the answer lacks columns that were asked for: {named}")
            return
        digest = table.digest()
        if before and before.has(digest):
            if reason == "refresh":
                # Also where somebody else has changed what is stored.
                self.rows[day] = table
            self._enter(
                replace(before, read_at=read_at, instead_of=before.read_at, swept_at=None),
                "unchanged",
                reason,
            )
            return
        if (
            before
            and table.num_rows < before.rows
            and not self._may_lose(day, reason, table, before, confirmed)
        ):
            return
        entry = Entry(
            day,
            self.question.fingerprint,
            table.num_rows,
            digest,
            self._keys(table) if table.num_rows else "",
            read_at,
            read_at if before else None,
            before.read_at if before else None,
        )
        self.rows[day] = table
        self._enter(entry, "changed" if before else "new", reason)

    def _may_lose(self, day: Day, reason: Reason, table: Table, before: Entry, confirmed: bool) -> bool:
        """Whether rows that are gone are to be believed gone, now."""
        if self.run.settings.max_delete_fraction >= 1:
            return True
        if table.num_rows == 0:
            self.fail(day, reason, f"the answer is empty, where {before.rows:,} rows are stored")
            return False
        if not confirmed:
            self.losing[day] = (reason, table.num_rows)
            return False
        first = self.losing[day][1]
        if table.num_rows < first:
            self.fail(day, reason, f"two answers differ: {first:,} rows and then {table.num_rows:,}")
            return False
        return True

    def settle_losses(self) -> None:
        """Believe in losses that are small, once they are read a second time."""
        lost = sum(self.ledger[day].rows - rows for day, (_, rows) in self.losing.items())
        share = self.run.settings.max_delete_fraction
        if lost <= share * self.stored_rows:
            self.read([Due(day, reason) for day, (reason, _) in self.losing.items()], confirmed=True)
            return
        for day, (reason, rows) in self.losing.items():
            self.fail(
                day,
                reason,
                f"the answer has {rows:,} rows, where {self.ledger[day].rows:,} are stored; {lost:,} of the "
                f"{self.stored_rows:,} rows of the days that were read are gone, more than max_delete_fraction={share:g}",
            )

    def fail(self, day: Day, reason: Reason, message: str) -> None:
        """Leave a day as it is stored."""
        before = self.ledger.get(day)
        rows = before.rows if before else None
        self.tell(f"{day or 'the table'} is left as it is stored")
        self.run.days.append((self.question.table, day, reason, "failed", rows, rows, message))
        self.report()

    def _enter(self, entry: Entry, outcome: Outcome, reason: Reason) -> None:
        before = self.ledger.get(entry.day)
        self.entries[entry.day] = entry
        rows_before = before.rows if before else None
        self.outcomes.append((self.question.table, entry.day, reason, outcome, entry.rows, rows_before, None))
        self.report()
        rows = sum(table.num_rows for table in self.rows.values())
        if rows >= COMMIT_ROWS or len(self.entries) >= COMMIT_DAYS:
            self.commit()

    def tell(self, what: str) -> None:
        """Log a line, of counts alone."""
        from converz._runtime.log import INFO, tell

        tell(INFO, f"sync of {self.question.table} into {self.run.target!r}: {what}")

    def commit(self) -> None:
        """Write what was taken so far."""
        if not self.entries:
            return
        target, table = self.run.target, self.question.table
        stored = target.schema(table) if self.rows else {}
        target.replace(table, self.rows, self.entries.values())
        if self.rows:
            for name, kind in target.schema(table).items():
                if stored.get(name) != kind:
                    self.run.columns.append((table, name, stored.get(name), kind))
        written = sum(each.num_rows for each in self.rows.values())
        self.tell(
            f"{len(self.entries):,} days committed, {written:,} rows of {len(self.rows):,} of them written"
        )
        self.run.rows_written += written
        self.run.days += self.outcomes
        self.ledger |= {day: replace(entry, instead_of=None) for day, entry in self.entries.items()}
        self.rows, self.entries, self.outcomes = {}, {}, []
