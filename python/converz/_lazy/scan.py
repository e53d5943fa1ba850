"""`Client.scan_calls` and `Client.scan_reps`: results as polars' lazy frames.

polars marks the interface of IO plugins and the JSON of its expressions as unstable. Nothing outside of this file
knows them, and whatever is not recognised here is left to polars, which filters what arrives.
"""

from __future__ import annotations

import importlib
import inspect
import io
import json
import sys
import threading
import warnings
from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from converz._core import Schema
from converz._results.table import Table
from converz._runtime import interrupt
from converz.errors import ConverzWarning

if TYPE_CHECKING:
    import polars as pl

    from converz._client.client import Client
    from converz._core import PolledStream

__all__ = ["scan"]

OLDEST = (1, 22)
"""Older versions of polars lose conditions that they cannot hand down."""

PROBE_ROWS = 1_000
"""Rows of the page that the schema comes from."""

MAX_QUERY = 2_000
"""Characters of the values of one parameter; servers and proxies refuse addresses that are too long."""

FILTERS = {
    "calls": ("rep_id", "vendor", "campaign", "subcampaign", "department", "vendor_call_id"),
    "reps": ("rep_id", "department"),
}
"""Columns whose values the API can be asked for."""

TIMES = {"calls": ("date", "start_time"), "reps": ()}
"""Columns that ``start_date`` and ``end_date`` restrict."""

SHAPE = ("columns", "metric")
"""Parameters that say which columns come."""

PERSONAL = ("rep_id", "vendor_call_id")
"""Parameters whose values are shown nowhere."""

LOOKS = (2, 0)
"""Since then polars looks for Ctrl-C whenever it is given a frame, in whatever thread."""

WAIT = 0.05
"""Seconds between two chances of polars to notice Ctrl-C."""

DAY = timedelta(days=1)


def scan(
    client: Client, operation: str, query: dict[str, Any], schema: object | None, parse_dates: bool
) -> pl.LazyFrame:
    """Make a lazy frame of an operation, whose schema is settled at once."""
    plugins = _plugins(f"scan_{operation}")
    # What can be iterated once is asked for more than once here.
    query = {name: list(value) if isinstance(value, Iterator) else value for name, value in query.items()}
    source = Source(client, operation, query, schema, parse_dates)
    options = {
        # Two uses in one query are one read, and see the same rows.
        "is_pure": True,
        "explain_name": "converz",
        "explain_detail": source.explained(),
    }
    understood = inspect.signature(plugins.register_io_source).parameters
    frame: pl.LazyFrame = plugins.register_io_source(
        source.read,
        schema=source.schema,
        **{name: value for name, value in options.items() if name in understood},
    )
    return frame


def _plugins(method: str) -> Any:
    try:
        polars = importlib.import_module("polars")
    except ModuleNotFoundError as error:
        if error.name != "polars":
            raise
        message = f"{method}() needs polars, which is not installed: pip install 'converz[polars]'"
        raise ImportError(message, name="polars") from None
    if _version() < OLDEST:
        message = (
            f"{method}() needs polars >= {'.'.join(map(str, OLDEST))}, and {polars.__version__} is installed: "
            "pip install --upgrade 'converz[polars]'"
        )
        raise ImportError(message, name="polars")
    return importlib.import_module("polars.io.plugins")


def _version() -> tuple[int, ...]:
    import polars as pl

    return tuple(map(int, pl.__version__.split(".")[:2]))


class Source:
    """What polars asks for rows."""

    def __init__(
        self, client: Client, operation: str, query: dict[str, Any], schema: object | None, parse_dates: bool
    ) -> None:
        self._client = client
        self._operation = operation
        self._query = {name: value for name, value in query.items() if value is not None}
        self._warnings: dict[str, str] = {}
        self._settle(None if schema is None else Schema(schema), parse_dates)

    def _settle(self, pinned: Schema | None, parse_dates: bool) -> None:
        """Find out columns and types, by a small page if they are not all given."""
        read = self._client.reps if self._operation == "reps" else self._client.calls
        # Checks every argument, and asks for nothing.
        table = read(**self._query, schema=pinned, parse_dates=parse_dates, limit=0, progress=False)
        self._request = self._shown(table)
        named = dict(pinned or {})
        if not self._is_settled(table, named):
            table = self._probe(self._query, parse_dates)
            if table.num_rows == 0:
                # Today's conversations may be none yet, but they will have the columns of all others.
                shape = {name: value for name, value in self._query.items() if name in SHAPE}
                table = self._probe(shape, parse_dates) if len(shape) < len(self._query) else table
            order = table.column_names
        else:
            order = _strings(self._query.get("columns"))
        order += [name for name in named if name not in order]
        types = ((name, named.get(name) or table.schema[name]) for name in order)
        self._warnings = {name: text for name, text in self._warnings.items() if name not in named}
        # A column of nulls is one of strings, as in a stream.
        self._types = {
            name: "string" if kind == "null" and name not in named else kind for name, kind in types
        }
        self._empty = read(schema=self._types, limit=0, progress=False).to_polars().select(list(self._types))
        self.schema = self._empty.schema

    def _probe(self, query: dict[str, Any], parse_dates: bool) -> Table:
        """Read a small page. What is pinned is not, since a column that no query selects may be anything."""
        rows = min(PROBE_ROWS, self._client.settings["page_size"])
        core, of_columns = self._client._core.probe(self._operation, query, rows, parse_dates)
        self._warnings = dict(of_columns)
        return Table._from_core(core, None)

    def _is_settled(self, table: Table, named: dict[str, str]) -> bool:
        """Whether every column that can come has a type already."""
        metrics = _strings(self._query.get("metric"))
        if "columns" not in self._query:
            return {*table.column_names, *metrics} <= named.keys()
        # Documented columns have their types, only `start_time` may or may not have a zone.
        open_names = {"start_time"} | {
            name for name, kind in zip(table.column_names, table.schema.types, strict=True) if kind == "null"
        }
        arrived = set(table.column_names)
        return open_names & arrived <= named.keys() and arrived.issuperset(metrics)

    def _shown(self, table: Table) -> str:
        pairs = () if table.receipt is None else table.receipt.query
        shown = "&".join(
            f"{name}={'…' if name in PERSONAL else value}" for name, value in pairs if name != "n_per_page"
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
                frame = pl.DataFrame(Table(batch)).select(names)
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
        return self._operation == "calls" and len(names) < len(self._types) and all(map(_is_plain, names))

    def _open(self, query: dict[str, Any], names: list[str], limit: int | None) -> PolledStream:
        schema = {name: self._types[name] for name in names}
        # Where polars 1 reads several frames at once, neither it nor Python would notice Ctrl-C.
        watch = threading.current_thread() is not threading.main_thread() and _version() < LOOKS
        return self._client._core.poll_stream(self._operation, query, limit, schema, "ignore", watch)


def _raise_in_caller(error: BaseException) -> None:
    """Raise an error where the generator's user was called."""
    caller = sys._getframe(1).f_back
    if caller is not None:
        interrupt.raise_in(caller, error)


class Literal(NamedTuple):
    """A value in a predicate: text, a day, or several values."""

    value: str | date | list[Any]


class Conditions:
    """What rows that match must have, as far as the API can be asked for it. Filtering comes on top of it."""

    def __init__(self, types: dict[str, str], operation: str) -> None:
        self.filters = [name for name in FILTERS[operation] if types.get(name) == "string"]
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
        literal = _literal(values)
        if literal is not None and isinstance(literal.value, list):
            self._allow(name, literal.value)

    def _compare(self, column: Any, op: str, value: Any) -> None:
        literal = _literal(value)
        if literal is None:
            return
        if isinstance(literal.value, str) and op in EQUAL and "Column" in column:
            self._allow(column["Column"], [literal.value])
        elif isinstance(literal.value, date) and _moment(column) in self.times:
            # The service's zone is unknown, so its day may be the one before or the one after.
            if op in (*EQUAL, "Gt", "GtEq") and literal.value > date.min:
                first = literal.value - DAY
                self._first = first if self._first is None else max(self._first, first)
            if op in (*EQUAL, "Lt", "LtEq") and literal.value < date.max:
                last = literal.value + DAY
                self._last = last if self._last is None else min(self._last, last)

    def _allow(self, name: str, values: list[Any]) -> None:
        # A comma could be read as two values, a blank cut off, and nothing as no restriction.
        if name in self.filters and values and all(isinstance(v, str) and _is_plain(v) for v in values):
            allowed = self._allowed.setdefault(name, set(values))
            allowed.intersection_update(values)

    def narrow(self, query: dict[str, Any]) -> bool:
        """Add the conditions to a query. False if no row can match."""
        for name, allowed in self._allowed.items():
            if not allowed:
                return False
            own = _strings(query.get(name))
            # How the service compares text is its own affair, so only what it was going to send anyway may be
            # narrowed, and only to values of which each stands among the user's own.
            if (not own or allowed.issubset(own)) and sum(map(len, allowed)) <= MAX_QUERY:
                query[name] = sorted(allowed)
        first, last = _day(query.get("start_date")), _day(query.get("end_date"))
        if self._first is not None and (first is None or self._first > first):
            query["start_date"] = first = self._first
        if self._last is not None and (last is None or self._last < last):
            query["end_date"] = last = self._last
        return first is None or last is None or first <= last


EQUAL = ("Eq", "EqValidity")
MIRRORED = {"Eq": "Eq", "EqValidity": "EqValidity", "Lt": "Gt", "LtEq": "GtEq", "Gt": "Lt", "GtEq": "LtEq"}


def _moment(node: Any) -> str | None:
    """Return the column whose moments the expression keeps, or their days."""
    match node:
        case {"Column": str(name)}:
            return name
        case {"Function": {"input": [{"Column": str(name)}], "function": {"TemporalExpr": "Date"}}}:
            return name
        case {
            "Cast": {"expr": {"Column": str(name)}, "dtype": {"Literal": "Date" | {"Datetime": [_, None]}}}
        }:
            return name
        case {"Cast": {"expr": {"Column": str(name)}, "dtype": "Date" | {"Datetime": [_, None]}}}:
            return name
    return None


UNITS = {"Milliseconds": 1_000, "Microseconds": 1_000_000, "Nanoseconds": 1_000_000_000}


def _literal(node: Any) -> Literal | None:
    match node:
        case {"Literal": {"Scalar": {"value": value}}} | {"Literal": {"Scalar": value}} | {"Literal": value}:
            pass
        case _:
            return None
    match value:
        case {"String": str(text)} | {"StringOwned": str(text)}:
            return Literal(text)
        case {"Date": int(days)}:
            return Literal(date(1970, 1, 1) + timedelta(days=days))
        case (
            {"Datetime": [int(count), str(unit), *_]}
            | {"DatetimeOwned": [int(count), str(unit), *_]}
            | {"DateTime": [int(count), str(unit), *_]}
        ):
            return Literal(date(1970, 1, 1) + timedelta(days=count // (UNITS[unit] * 86_400)))
        case {"List": list(ipc)} | {"Series": list(ipc)}:
            import polars as pl

            return Literal(pl.read_ipc_stream(io.BytesIO(bytes(ipc))).to_series().to_list())
    return None


def _is_plain(text: str) -> bool:
    """Whether a service can read the text in only one way."""
    return bool(text) and text == text.strip() and "," not in text and text.isprintable()


def _strings(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def _day(value: Any) -> date | None:
    """Return the day of an argument that was checked before: text, a date or a datetime."""
    if value is None:
        return None
    return date.fromisoformat(value) if isinstance(value, str) else date(value.year, value.month, value.day)
