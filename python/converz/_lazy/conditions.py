"""What of a query's conditions the API can be asked for."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from converz._lazy.arguments import day_of, is_plain, strings_of
from converz._lazy.expressions import EQUAL, MIRRORED, literal_of, moment_of
from converz._parameters import PARAMETERS

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Conditions"]

MAX_QUERY = 2_000
"""Characters of the values of one parameter; servers and proxies refuse addresses that are too long."""

TIMES = {"calls": ("date", "start_time"), "reps": ()}
"""Columns that ``start_date`` and ``end_date`` restrict."""

DAY = timedelta(days=1)


class Conditions:
    """What rows that match must have, as far as the API can be asked for it. Filtering comes on top of it."""

    def __init__(self, types: dict[str, str], operation: str) -> None:
        self.filters = [
            each.name
            for each in PARAMETERS[operation]
            if (each.role, each.takes) == ("filter", "strings") and types.get(each.name) == "string"
        ]
        self.times = [
            name for name in TIMES[operation] if types.get(name, "").startswith(("date", "timestamp"))
        ]
        self._allowed: dict[str, set[str]] = {}
        self._first: date | None = None
        self._last: date | None = None

    def read(self, predicate: pl.Expr) -> None:
        """Take from a predicate what is understood of it."""
        try:
            self._node(json.loads(predicate.meta.serialize(format="json")))
        except Exception:  # noqa: BLE001
            # Other versions may write expressions in any other way: fewer conditions are never wrong.
            return

    def _node(self, node: Any) -> None:
        match node:
            case {"BinaryExpr": {"left": left, "op": "And" | "LogicalAnd", "right": right}}:
                self._node(left)
                self._node(right)
            case {"BinaryExpr": {"left": left, "op": str(op), "right": right}}:
                self._compare(left, op, right)
                self._compare(right, MIRRORED.get(op, ""), left)
            case {"Function": {"input": [{"Column": str(name)}, values], "function": {"Boolean": function}}}:
                if function == "IsIn" or (isinstance(function, dict) and "IsIn" in function):
                    self._one_of(name, values)
            case {"Function": {"input": [column, low, high], "function": {"Boolean": {"IsBetween": _}}}}:
                self._compare(column, "GtEq", low)
                self._compare(column, "LtEq", high)

    def _one_of(self, name: str, values: Any) -> None:
        literal = literal_of(values)
        if literal is not None and isinstance(literal.value, list):
            self.allow(name, literal.value)

    def _compare(self, column: Any, op: str, value: Any) -> None:
        literal = literal_of(value)
        if literal is None:
            return
        if isinstance(literal.value, str) and op in EQUAL and "Column" in column:
            self.allow(column["Column"], [literal.value])
        elif isinstance(literal.value, date) and moment_of(column) in self.times:
            self._bound(op, literal.value)

    def compare(self, name: str, op: str, value: Any) -> None:
        """Take the comparison of a column with a value, as another engine says it."""
        if isinstance(value, str) and op in EQUAL:
            self.allow(name, [value])
        elif isinstance(value, date) and name in self.times:
            self._bound(op, date(value.year, value.month, value.day))

    def _bound(self, op: str, day: date) -> None:
        # The service's zone is unknown, so its day may be the one before or the one after.
        if op in (*EQUAL, "Gt", "GtEq") and day > date.min:
            first = day - DAY
            self._first = first if self._first is None else max(self._first, first)
        if op in (*EQUAL, "Lt", "LtEq") and day < date.max:
            last = day + DAY
            self._last = last if self._last is None else min(self._last, last)

    def allow(self, name: str, values: list[Any]) -> None:
        """Take that a column has one of these values."""
        # A comma could be read as two values, a blank cut off, and nothing as no restriction.
        if name in self.filters and values and all(isinstance(v, str) and is_plain(v) for v in values):
            allowed = self._allowed.setdefault(name, set(values))
            allowed.intersection_update(values)

    def narrow(self, query: dict[str, Any]) -> bool:
        """Add the conditions to a query. False if no row can match."""
        for name, allowed in self._allowed.items():
            if not allowed:
                return False
            own = strings_of(query.get(name))
            # How the service compares text is its own affair, so only what it was going to send anyway may be
            # narrowed, and only to values of which each stands among the user's own.
            if (not own or allowed.issubset(own)) and sum(map(len, allowed)) <= MAX_QUERY:
                query[name] = sorted(allowed)
        first, last = day_of(query.get("start_date")), day_of(query.get("end_date"))
        if self._first is not None and (first is None or self._first > first):
            query["start_date"] = first = self._first
        if self._last is not None and (last is None or self._last < last):
            query["end_date"] = last = self._last
        return first is None or last is None or first <= last
