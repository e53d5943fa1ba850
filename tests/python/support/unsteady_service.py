"""A service whose rows change in every way, also while it is read, and whose answers fail; it notes what it answered when."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from support.service import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from support.service import Asked

KINDS = {
    "int64": lambda number: number,
    "float64": lambda number: number + 0.5,
    "bool": lambda number: number % 2 == 0,
    "string": lambda number: f"no. {number}",
    "uint64": lambda number: 2**63 + number,
    "json": lambda number: [number],
    "null": lambda _: None,
}
"""What a column may be, each as a function of a number."""

COLUMNS = ("csat", "mood", "summary")
"""Those that change; `mood` is not there before a row has it."""

Content = frozenset[tuple[str, ...]]
"""What a day's rows are, whatever their order, and whatever types their columns widened to."""


def content(rows: Iterable[dict[str, Any]]) -> Content:
    """Return what rows are. Two rows of the same key are an error."""
    found = {row["call_id"]: tuple(_text(row.get(name)) for name in ("call_id", *COLUMNS)) for row in rows}
    assert len(found) == len(list(rows)), "a key is there twice"
    return frozenset(found.values())


def _text(value: object) -> str:
    """Write a value as the table of types does when its column has become text."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, list):
        return json.dumps(value, separators=(",", ":"))
    return str(int(value)) if value == int(value) else str(value)


class UnsteadyService:
    """Rows of some days, to be passed to `serving`.

    A change is a tuple: what to do, and numbers that say to which row, day, column and value.
    """

    def __init__(self, days: list[date]) -> None:
        self._days = days
        self._rows: dict[int, tuple[date, dict[str, Any]]] = {}
        self._hidden: set[int] = set()
        self._kind = "int64"
        self._lock = threading.Lock()
        self._count = 0
        self.begin({}, {})
        for number in range(3 * len(days)):
            self.change(("add", number, 0, 0))

    def begin(self, faults: dict[int, tuple[str, int]], changes: dict[int, tuple[Any, ...]]) -> None:
        """Before another run: which days fail in which way how often, and before which requests something changes."""
        with self._lock:
            self._requests, self._faults, self._changes = 0, dict(faults), changes
            self.given: dict[date, set[Content]] = defaultdict(set)
            """What was answered since, by day."""

    def change(self, change: tuple[Any, ...]) -> None:
        """Change the rows."""
        what, first, second, third = change
        keys = sorted(self._rows)
        if what == "add":
            self._count += 1
            self._rows[self._count] = (self._days[first % len(self._days)], {"call_id": self._count})
            self._edit(self._count, "csat", second)
        elif what == "retype":
            self._kind = list(KINDS)[first % len(KINDS)]
            for key in keys:
                self._edit(key, "csat", key)
        elif keys:
            key = keys[first % len(keys)]
            day, row = self._rows[key]
            if what == "edit":
                self._edit(key, COLUMNS[second % len(COLUMNS)], third)
            elif what == "hide":
                self._hidden ^= {key}
            elif what == "move":
                self._rows[key] = (self._days[second % len(self._days)], row)
            elif what in {"remove", "replace"}:
                del self._rows[key]
                if what == "replace":
                    self.change(("add", self._days.index(day), second, 0))

    def _edit(self, key: int, name: str, number: int) -> None:
        value = KINDS[self._kind](number) if name == "csat" else f"{name} {number}"
        self._rows[key][1][name] = value

    def rows(self, day: date) -> list[dict[str, Any]]:
        """What a day has now."""
        listed = sorted(self._rows.items(), reverse=True)
        return [row for key, (of, row) in listed if of == day and key not in self._hidden]

    def __call__(self, asked: Asked) -> Answer:
        with self._lock:
            number = self._requests
            self._requests += 1
            if number in self._changes:
                self.change(self._changes[number])
            return self._answer(asked)

    def _fault(self, day: date) -> str | None:
        place = self._days.index(day)
        fault, left = self._faults.get(place, (None, 0))
        if fault and left:
            self._faults[place] = (fault, left - 1)
            return fault
        return None

    def _answer(self, asked: Asked) -> Answer:
        if not asked.path.endswith("/calls"):
            return Answer(b"{}", 404)
        day = date.fromisoformat(asked.query["start_date"])
        assert asked.query["end_date"] == asked.query["start_date"], "a window of one day"
        rows = self.rows(day) if asked.query["page"] == "1" else []
        if "columns" in asked.query:
            rows = [{"call_id": row["call_id"]} for row in rows]
        body = json.dumps(rows, separators=(",", ":")).encode()
        fault = self._fault(day) if asked.query["page"] == "1" else None
        match fault:
            case "500" | "429":
                return Answer(b"{}", int(fault))
            case "cut":
                return Answer(_cut(body))
            case "half":
                return Answer(body[:-1])
            case "empty":
                # A bad hour. What it says is noted: a day that has no row yet may well be empty.
                rows = []
        if asked.query["page"] == "1" and "columns" not in asked.query:
            self.given[day].add(content(rows))
        return Answer(b"[]" if fault == "empty" else body)


def _cut(body: bytes) -> Iterator[bytes]:
    yield body[: len(body) // 2 + 1]
    message = "the connection ends here"
    raise RuntimeError(message)


def days_before(last: date, count: int) -> list[date]:
    """List days, the newest first."""
    return [last - timedelta(days=back) for back in range(count)]
