"""What polars asks for rows."""

from __future__ import annotations

import sys
import threading
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

from converz import _core
from converz._frames.to_polars import to_polars
from converz._lazy.arguments import is_plain, strings_of
from converz._lazy.conditions import Conditions
from converz._runtime import interrupt
from converz.errors import ConverzWarning

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from converz._runtime.steps import Steps


__all__ = ["Source"]

PROBE_ROWS = 1_000
"""Rows of the page that the schema comes from."""

WAIT = 0.05
"""Seconds between two chances of polars to notice Ctrl-C."""


class Source:
    """What polars asks for rows."""

    def __init__(
        self,
        client: _core.Client,
        operation: str,
        query: dict[str, Any],
    ) -> None:
        self._client = client
        self._operation = operation
        self._query = {name: value for name, value in query.items() if value is not None}
        self._warnings: dict[str, str] = {}

    def settle(self, schema: object | None, parse_dates: bool) -> Steps[None]:
        """Find out columns and types, by a small page if they are not all given."""
        pinned = None if schema is None else _core.Schema(schema)
        read = partial(self._client.read, self._operation)
        # Checks every argument, and asks for nothing.
        table, receipt = yield read(self._query, 0, pinned, parse_dates, None)
        self._request = self._shown(receipt["query"])
        if self._query.pop("days", None) is not None:
            # Dates from now on: conditions narrow them, and they are the same whenever the frame is collected.
            dates = {name: value for name, value in receipt["query"] if name in ("start_date", "end_date")}
            self._query.update(dates)
        named = dict(pinned or {})
        if not self._is_settled(table, named):
            table = yield from self._probe(parse_dates)
            order = table.schema.names
        else:
            order = strings_of(self._query.get("columns"))
        order += [name for name in named if name not in order]
        types = {name: named.get(name) or table.schema[name] for name in order}
        self._warnings = {name: text for name, text in self._warnings.items() if name not in named}
        # A column of nulls is one of strings, as in a stream.
        self._undecided = [name for name, kind in types.items() if kind == "null" and name not in named]
        self._types = {**types, **dict.fromkeys(self._undecided, "string")}
        self._parse_dates = parse_dates
        empty, _ = yield read({}, 0, self._types, True, None)
        self._empty = to_polars(empty).select(list(self._types))
        self.schema = self._empty.schema

    def _probe(self, parse_dates: bool) -> Steps[_core.Table]:
        """Read a small page, which has the columns of other rows if it has none.

        What is pinned is not, since a column that no query selects may be anything.
        """
        rows = min(PROBE_ROWS, self._client.settings["page_size"])
        table, of_columns = yield self._client.probe(self._operation, self._query, rows, parse_dates)
        self._warnings = dict(of_columns)
        found: _core.Table = table
        return found

    def _is_settled(self, table: _core.Table, named: dict[str, str]) -> bool:
        """Whether every column that can come has a type already."""
        metrics = strings_of(self._query.get("metric"))
        if "columns" not in self._query:
            return {*table.schema.names, *metrics} <= named.keys()
        # Documented columns have their types, only `start_time` may or may not have a zone.
        open_names = {"start_time"} | {
            name for name, kind in zip(table.schema.names, table.schema.types, strict=True) if kind == "null"
        }
        arrived = set(table.schema.names)
        return open_names & arrived <= named.keys() and arrived.issuperset(metrics)

    def _shown(self, pairs: tuple[tuple[str, str], ...]) -> str:
        shown = "&".join(
            f"{name}={'…' if name in _core.PERSONAL else value}"
            for name, value in pairs
            if name != "n_per_page"
        )
        return " ".join(f"GET /{self._operation}{'?' if shown else ''}{shown}".split())

    def explained(self) -> str:
        """Describe the request in a line of a plan: what is sent anyway, and what parts of the plan add to it.

        polars takes the line before there is a plan, so it names the parts as the plan's other lines do.
        """
        conditions = Conditions(self._types, self._operation)
        parts = ["PROJECT as columns"] if self._can_project(list(self._types)[:1]) else []
        parts.append("SLICE as n_per_page")
        times = f"{'|'.join(conditions.times)} ± 1 day" if conditions.times else ""
        columns = " and ".join(filter(None, ["|".join(conditions.filters), times]))
        parts += [f"SELECTION by {columns}"] if columns else []
        return f"{self._request} + {', '.join(parts)}"

    def read(
        self, with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, _: int | None
    ) -> Iterator[pl.DataFrame]:
        """Yield the rows: of these columns, the first `n_rows`, and of those the ones that match."""
        import polars as pl

        names = with_columns or list(self._types)
        query = dict(self._query)
        conditions = Conditions(self._types, self._operation)
        if predicate is not None and n_rows is None:
            conditions.read(predicate)
        if not conditions.narrow(query) or n_rows == 0:
            yield self._empty.select(names)
            return
        self._warn_of(names)
        self._project(query, names)
        # Each time anew, since versions of polars take the columns out of what they get.
        nothing = self._empty.select(names).clone
        stream = self._open(query, names, n_rows)
        try:
            while True:
                is_over, batch = stream.poll(WAIT)
                if is_over:
                    return
                if batch is None:
                    # polars notices Ctrl-C only when it is given a frame, be it without rows.
                    yield nothing()
                    continue
                frame = pl.DataFrame(_core.Table.from_arrow(batch)).select(names)
                yield frame if predicate is None else frame.filter(predicate)
        except GeneratorExit:
            try:
                # If polars has noticed Ctrl-C, Python does so after this call, and nobody would hear of it.
                stream.close()
            except KeyboardInterrupt as error:
                _raise_in_caller(error)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                # polars 1 would make an error of its own of it.
                _raise_in_caller(error)
            # The error's traceback keeps the stream alive, which would go on reading for nobody.
            stream.close()
            raise

    def _warn_of(self, names: list[str]) -> None:
        """Say what the small page showed of these columns: nobody wants to hear of others."""
        for name in names:
            if name in self._warnings:
                warnings.warn(self._warnings[name], ConverzWarning, stacklevel=3)

    def _project(self, query: dict[str, Any], names: list[str]) -> None:
        """Ask for these columns only, where that is possible and restricts anything."""
        asked = [name for name in self._types if name in names]
        if self._can_project(asked):
            query["columns"] = asked

    def _can_project(self, names: list[str]) -> bool:
        return self._operation == "calls" and len(names) < len(self._types) and all(map(is_plain, names))

    def _open(self, query: dict[str, Any], names: list[str], limit: int | None) -> _core.PolledStream:
        schema = {name: self._types[name] for name in names}
        # In a thread of polars' own, Python would tell nobody of a signal before the query is over.
        watch = threading.current_thread() is not threading.main_thread()
        undecided = [name for name in self._undecided if name in schema]
        return self._client.poll_stream(
            self._operation, query, limit, schema, undecided, self._parse_dates, "ignore", watch
        )


def _raise_in_caller(error: BaseException) -> None:
    """Raise an error where the generator's user was called."""
    caller = sys._getframe(1).f_back
    if caller is not None:
        interrupt.raise_in(caller, error)
