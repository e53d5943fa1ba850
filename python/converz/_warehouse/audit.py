"""`audit`: whether a target has what the service has."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from converz._results.window import Window
from converz._show.progress import Reporter
from converz._warehouse.audit_result import AuditResult
from converz._warehouse.due import days_between, last_day
from converz._warehouse.question import Question
from converz._warehouse.result import table_of
from converz._warehouse.run import now
from converz._warehouse.target import target_of
from converz.errors import APIStatusError, InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from converz._warehouse.entry import Day, Entry
    from converz._warehouse.settings import Settings
    from converz._warehouse.source import Source
    from converz._warehouse.target import Target

__all__ = ["audit"]

DIFFERENCES = {
    "table": "string",
    "day": "date32",
    "stored": "int64",
    "service": "int64",
    "missing": "int64",
    "surplus": "int64",
    "cause": "string",
    "command": "string",
}

KEYS = 100_000
"""Stored keys to have at once, or so: to ask a target for those of each day by itself takes longer than to read them."""

COUNT = "conversations"
"""The column of a report that counts them, where the service has it."""


def audit(
    client: Source,
    name: object,
    settings: Settings,
    *,
    lock_timeout: float = 60,
    progress: object = None,
    clock: Callable[[], datetime] = now,
) -> AuditResult:
    """Compare counts and keys, day by day. Nothing is written."""
    target = target_of(name, lock_timeout)
    found: list[tuple[Any, ...]] = []
    days = rows = 0
    filtered = None
    with Reporter(progress, "audit", None, unit="days") as report:
        for table in settings.tables:
            one = _Audit(client, target, Question.of(table, settings.arguments, settings.schema), name)
            wanted = one.days(settings, clock())
            reported = one.reported(wanted)
            left_out = 0
            for day, keys in one.service(wanted):
                days, rows = days + 1, rows + len(keys)
                line = one.compare(day, keys)
                if line is None and reported is not None:
                    count = reported.get(day, 0)
                    if one.is_filtered:
                        left_out += count - len(keys)
                    elif count != len(keys):
                        line = (table, day, len(keys), count, None, None, "report", None)
                found += [line] if line else []
                if report:
                    report(days, 0)
            if reported is not None and one.is_filtered:
                filtered = left_out
    return AuditResult(table_of(DIFFERENCES, found), days, rows, filtered)


class _Audit:
    """One table of an audit."""

    def __init__(self, client: Source, target: Target, question: Question, name: object) -> None:
        self.client, self.question, self.name = client, question, name
        self.ledger: dict[Day, Entry] = target.ledger(question.table)
        question.refuse_another(self.ledger.values(), target)
        self.keys: Any = getattr(target, "keys", None)
        if question.key not in target.schema(question.table):
            self.keys = None
        self.is_filtered = bool(set(question.parameters) - {"metric", "columns"})
        self.wanted: list[Day] = []
        self.ahead: dict[Day, list[Any]] = {}
        """Stored keys of days that are compared next."""

    def days(self, settings: Settings, at: datetime) -> list[Day]:
        """The days to be compared, the newest first."""
        self.wanted = self._days(settings, at)
        return self.wanted

    def _days(self, settings: Settings, at: datetime) -> list[Day]:
        if self.question.table == "reps":
            return [None]
        since = settings.since or min((day for day in self.ledger if day), default=None)
        if since is None:
            message = "since=None is only for a target that has days: name the first day, such as since='2025-01-01'"
            raise InvalidInputError(message)
        return [*days_between(since, settings.until or last_day(at))]

    def service(self, days: list[Day]) -> Iterator[tuple[Day, set[str]]]:
        """What the service has, by day."""
        key = self.question.key
        if days == [None]:
            users = self.client.reps(**self.question.arguments, progress=False).to_pydict()
            yield None, {str(each) for each in users.get(key, [])}
            return
        windows = [Window(day, day) for day in days if day]
        for window, table in self.client.read_windows(windows, **self.question.keys_only):
            yield window.start_date, {str(each) for each in table.to_pydict().get(key, [])}

    def reported(self, days: list[Day]) -> dict[Day, int] | None:
        """What the service's report counts, whatever the filters."""
        if days == [None]:
            return None
        try:
            table = self.client.report(start_date=days[-1], end_date=days[0], groupby="date").to_pydict()
        except APIStatusError:
            # A service that has no such report says nothing of the rows.
            return None
        if COUNT not in table or "date" not in table:
            return None
        return dict(zip(table["date"], table[COUNT], strict=True))

    def compare(self, day: Day, service: set[str]) -> tuple[Any, ...] | None:
        """Return the line of a day that differs."""
        entry = self.ledger.get(day)
        if entry is None:
            return self._line(day, 0, service, len(service), 0, "never read") if service else None
        if self.keys is None:
            more = len(service) - entry.rows
            cause = "late" if more > 0 else "deleted"
            return self._line(day, entry.rows, service, max(more, 0), max(-more, 0), cause) if more else None
        stored = [str(each) for each in self._stored(day)]
        missing, surplus = len(service - set(stored)), len(stored) - len(service & set(stored))
        if len(stored) != entry.rows:
            return self._line(day, len(stored), service, missing, surplus, "changed in the target")
        if not missing and not surplus:
            return None
        causes = [*(["late"] if missing else []), *(["deleted"] if surplus else [])]
        return self._line(day, len(stored), service, missing, surplus, " and ".join(causes))

    def _stored(self, day: Day) -> list[Any]:
        """Return the stored keys of a day, which come with those of the next ones."""
        if day not in self.ahead:
            days, rows = [], 0
            for each in self.wanted[self.wanted.index(day) :]:
                if each in self.ledger:
                    days.append(each)
                    rows += self.ledger[each].rows
                if rows >= KEYS:
                    break
            self.ahead = self.keys(self.question.table, self.question.key, days)
        return self.ahead.pop(day)

    def _line(
        self, day: Day, stored: int, service: set[str], missing: int, surplus: int, cause: str
    ) -> tuple[Any, ...]:
        words = [
            "converz",
            "sync",
            self.name if isinstance(self.name, str) and not _has_password(self.name) else "TARGET",
        ]
        words += ["--tables", self.question.table]
        if day:
            words += ["--since", str(day), "--until", str(day), "--refresh", str(day)]
        for name, values in self.question.parameters.items():
            words += ["--" + name.replace("_", "-"), *values]
        if surplus:
            words += ["--max-delete-fraction", "1"]
        return (
            self.question.table,
            day,
            stored,
            len(service),
            missing,
            surplus,
            cause,
            shlex.join(words),
        )


def _has_password(name: str) -> bool:
    """Whether the address of a database has what nobody else may see."""
    return ("://" in name and ":" in name.partition("://")[2].rpartition("@")[0]) or "password" in name
